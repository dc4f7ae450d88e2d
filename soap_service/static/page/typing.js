// Whether something stands in a form of this page that leaving it would lose.

let isTyped = false;

export const isUnsaved = () => isTyped;

export function watchTyping() {
  for (const form of document.querySelectorAll("form[data-typed]")) {
    if (form.querySelector("[aria-invalid]")) isTyped = true;
    form.addEventListener("input", () => (isTyped = true));
    form.addEventListener("submit", () => (isTyped = false));
  }
}

const KEYLESS = ["button", "submit", "reset", "image", "file", "color"];

/** Whether an element takes what is typed: as long as it has the focus, the keyboard is in use. */
export function isField(element) {
  if (!element) return false;
  return element.isContentEditable || (element.matches("input, select, textarea") && !KEYLESS.includes(element.type));
}
