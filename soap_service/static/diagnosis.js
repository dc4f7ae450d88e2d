// The page of the diagnosis: whether this browser listens, and a simulated call without leaving the page it pops up on.
"use strict";

(() => {
  document.addEventListener("soap-service-connection", ({ detail: isOpen }) => {
    const standing = isOpen ? "open" : "lost";
    for (const one of document.querySelectorAll("[data-connection]")) one.hidden = one.dataset.connection !== standing;
  });

  // Puts the named parts of another page into this one.
  async function show(answer, ids) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ids) {
      const [before, after] = [document.getElementById(id), page.getElementById(id)];
      if (before && after) before.replaceChildren(...after.childNodes);
    }
  }

  const form = document.getElementById("simulation");
  if (!form) return;
  let isSending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (!answer.ok) throw new Error("the page that the answer is says what is wrong");
      await show(answer, ["lead", "steps", "receipt", "latest"]);
      setTimeout(() => showFate().catch(() => {}), 1500);
    } catch {
      form.submit();
    } finally {
      isSending = false;
    }
  });

  // What has become of the call is known a moment later.
  async function showFate() {
    const extension = new FormData(form).get("ramal") || "";
    await show(await fetch(`/diagnostico?${new URLSearchParams({ ramal: extension })}`), ["steps", "latest"]);
  }
})();
