/** A file is checked and imported without leaving the page, so that it stays chosen: it is kept nowhere else. */
export function uploadWithoutLeaving() {
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!event.target.matches("[data-uploads]") || !button || "downloads" in button.dataset) return;
    event.preventDefault();
    if (event.target.ariaBusy !== "true") upload(event.target, button);
  });
}

async function upload(form, button) {
  const told = form.querySelector("[data-working]");
  form.ariaBusy = "true";
  told.textContent = told.dataset.working;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form, button) });
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    told.textContent = form.dataset.changed; // it has changed since it was chosen, or nobody answers
  }
  form.ariaBusy = null;
}

function show(page) {
  const main = page.querySelector("main");
  if (!main) throw new Error("no page");
  const shown = document.querySelector("main");
  const chosen = shown.querySelector("[data-uploads] input[type=file]");
  shown.replaceChildren(...document.adoptNode(main).childNodes);
  const empty = shown.querySelector("[data-uploads] input[type=file]");
  for (const name of ["aria-describedby", "aria-invalid"]) {
    const value = empty?.getAttribute(name);
    if (value) chosen.setAttribute(name, value);
    else chosen.removeAttribute(name);
  }
  empty?.replaceWith(chosen);
  document.title = page.title;
  (shown.querySelector("[aria-invalid=true]") ?? shown.querySelector("#result") ?? shown).focus();
}
