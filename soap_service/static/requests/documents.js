// Wrong check digits of a CPF or CNPJ are warned of as it is typed, by the rules of documents.py and in the sentence that
// the server gives. It is no refusal: the telephony knows documents with wrong ones. Nothing typed leaves the page.

// The blanks of documents.py.
const BLANKS = "[\\t\\n\\v\\f\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const AROUND = new RegExp(`^${BLANKS}+|${BLANKS}+$`, "g");
const PUNCTUATION = new RegExp(`${BLANKS}|[./-]`, "g");
const DOCUMENT = /^(?:[0-9]{11}|[0-9A-Z]{12}[0-9]{2})$/;
const LABEL = /^(?:CPF\/CNPJ|CPF|CNPJ):?/i;
const FLOAT = /^([0-9]+)[.,]0+$/;
const EXPONENT = /^([0-9]+)(?:[.,]([0-9]*))?E([+-]?[0-9]{1,3})$/;
// eslint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

// The 11 digits of a CPF or the 14 characters of a CNPJ that a text means; else nothing.
export function normaliseDocument(text) {
  const written = text.replace(AROUND, "").replace(/[#*]$/, "").replace(AROUND, "");
  const label = LABEL.exec(written);
  if (!label) return read(written);
  const whole = upper(written);
  const document = read(written.slice(label[0].length).replace(AROUND, ""));
  return document || (DOCUMENT.test(whole) && hasValidCheckDigits(whole) ? whole : "");
}

// What digits stand for once lost zeros are put back or added ones dropped, if check digits confirm it; else nothing.
export function correctDocument(digits) {
  if (!/^[0-9]+$/.test(digits) || new Set(digits).size === 1) return "";
  return correctedForms(digits).find(hasValidCheckDigits) || "";
}

function correctedForms(digits) {
  const length = digits.length;
  if (length >= 3 && length <= 10) return [digits.padStart(11, "0"), digits.padStart(14, "0")];
  if (length === 12 || length === 13) return [digits.padStart(14, "0")];
  if (![11, 14].includes(length) || hasValidCheckDigits(digits)) return [];
  if (length === 11) return [digits.padStart(14, "0")];
  return digits.startsWith("000") ? [digits.slice(3)] : [];
}

function read(written) {
  const characters = upper(written);
  const float = FLOAT.exec(characters);
  const exponent = EXPONENT.exec(characters);
  if (DOCUMENT.test(characters)) return characters;
  if (float) return documentOf(float[1]);
  if (exponent) return wholeNumber(exponent[1], exponent[2] || "", Number(exponent[3]));
  return documentOf(upper(written.replace(PUNCTUATION, "")));
}

function documentOf(characters) {
  return DOCUMENT.test(characters) ? characters : correctDocument(characters);
}

// All digits of a document with an exponent stand in the mantissa, or it is none.
function wholeNumber(before, after, exponent) {
  const digits = before + after;
  const point = before.length + exponent;
  if (point <= 0 || point > digits.length || /[1-9]/.test(digits.slice(point))) return "";
  const whole = digits.slice(0, point).replace(/^0+/, "");
  return [11, 14].includes(whole.length) ? whole : "";
}

// Letters of other alphabets, of which some have capitals in ASCII, are none of a document.
function upper(text) {
  return ASCII.test(text) ? text.toUpperCase() : "";
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

// "right" as it stands or corrected, "wrong", or "none" for what cannot be a document.
export function judgeDocument(text) {
  const document = normaliseDocument(text);
  if (!document) return "none";
  return hasValidCheckDigits(document) || correctDocument(document) ? "right" : "wrong";
}

function watchDocument(field) {
  const region = document.getElementById(`${field.id}-warning`);
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
    if (judgeDocument(field.value) !== "wrong") region.replaceChildren();
    else timer = setTimeout(warn, 400); // when the typing pauses: nobody wants to hear of each key
  });
}

for (const field of document.querySelectorAll("[data-check-digits]")) watchDocument(field);
