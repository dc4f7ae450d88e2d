// The page of the diagnosis: whether this browser listens, and a simulated call without leaving the page it pops up on.
"use strict";

(() => {
  document.addEventListener("soap-service-connection", ({ detail: isOpen }) => {
    const standing = isOpen ? "open" : "lost";
    for (const one of document.querySelectorAll("[data-connection]")) one.hidden = one.dataset.connection !== standing;
  });

  const form = document.getElementById("simulation");
  if (!form) return;
  let isSending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (!answer.ok) return form.submit(); // the page that the answer is says what is wrong
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["steps", "receipt", "latest"]) {
        const [before, after] = [document.getElementById(id), page.getElementById(id)];
        if (before && after) before.replaceChildren(...after.childNodes);
      }
    } catch {
      form.submit();
    } finally {
      isSending = false;
    }
    return undefined;
  });
})();
