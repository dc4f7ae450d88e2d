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
