// Wrong check digits of a CPF or CNPJ are warned of as it is typed, by the rules of documents.py and in the sentence that
// the server gives. It is no refusal: the telephony knows documents with wrong ones. Nothing typed leaves the page.

const NOISE = /[^0-9A-Z]/g;
const DOCUMENT = /^(?:[0-9]{11}|[0-9A-Z]{12}[0-9]{2})$/;

// The 11 digits of a CPF or the 14 characters of a CNPJ, zeros dropped on the left put back; else nothing.
function normaliseDocument(text) {
  let characters = text.toUpperCase().replace(NOISE, "");
  if (/^[0-9]+$/.test(characters)) characters = characters.padStart(characters.length <= 11 ? 11 : 14, "0");
  return DOCUMENT.test(characters) ? characters : "";
}

// Modulo 11, each character as its ASCII value - 48.
function hasValidCheckDigits(characters) {
  const values = [...characters].map((character) => character.charCodeAt(0) - 48);
  const isCpf = values.length === 11;
  if (isCpf && new Set(values).size === 1) return false;
  const body = values.slice(0, -2);
  for (let digits = 0; digits < 2; digits += 1) body.push(checkDigit(body, isCpf ? 10 : 8));
  return body.every((value, place) => value === values[place]);
}

// Weighed from the right with 2, 3, … and after `span` weights from 2 again.
function checkDigit(values, span) {
  const total = [...values].reverse().reduce((sum, value, place) => sum + value * (2 + (place % span)), 0);
  return total % 11 < 2 ? 0 : 11 - (total % 11);
}

// "right", "wrong", or "none" for what cannot be a document.
export function judgeDocument(text) {
  const characters = normaliseDocument(text);
  if (!characters) return "none";
  return hasValidCheckDigits(characters) ? "right" : "wrong";
}

// Whether nothing has to be put back for it to be a document: else it may be half of one.
export function isWrittenOut(text) {
  return [11, 14].includes(text.toUpperCase().replace(NOISE, "").length);
}

function watchDocument(field) {
  const region = document.getElementById(`${field.id}-warning`);
  const isSearch = field.type === "search"; // what is short there is the number of a request, or a name
  let timer = 0;

  function warn() {
    if (region.hasChildNodes()) return;
    const warning = document.createElement("p");
    warning.className = "warning";
    warning.textContent = field.dataset.checkDigits;
    region.append(warning);
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    const isWhole = isWrittenOut(field.value);
    if (judgeDocument(field.value) !== "wrong" || (isSearch && !isWhole)) region.replaceChildren();
    // Only when the typing pauses: half a document is no wrong one, and nobody wants to hear of each key.
    else timer = setTimeout(warn, isWhole ? 400 : 1500);
  });
}

for (const field of document.querySelectorAll("[data-check-digits]")) watchDocument(field);
