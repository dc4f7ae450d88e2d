import { page } from "./page.js";

/** A document is masked: a click shows it in its place, and the audit records that. Without a script a page shows it. */
export function revealDocuments() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveals]");
    if (!button) return;
    event.preventDefault();
    reveal(button);
  });
}

async function reveal(button) {
  const answer = await fetch(button.formAction, {
    method: "POST",
    headers: { "X-Form-Token": page.formToken },
  }).catch(() => null);
  if (!answer?.ok) {
    button.form.requestSubmit(button); // the page says what is the matter
    return;
  }
  const shown = button.previousElementSibling;
  shown.textContent = await answer.text();
  shown.focus();
  button.remove();
}
