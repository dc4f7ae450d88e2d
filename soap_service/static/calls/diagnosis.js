// The page of the diagnosis: whether this browser listens, and a simulated call without leaving the page it pops up on.

import { subscribe } from "../live/events.js";

const form = document.getElementById("simulation");
let isSending = false;

subscribe("connection", ({ isOpen }) => showConnection(isOpen ? "open" : "lost"));
if (form) form.addEventListener("submit", simulate);

function showConnection(state) {
  for (const one of document.querySelectorAll("[data-connection]")) one.hidden = one.dataset.connection !== state;
}

async function simulate(event) {
  event.preventDefault();
  if (isSending) return;
  isSending = true;
  try {
    await send();
  } catch {
    form.submit();
  } finally {
    isSending = false;
  }
}

async function send() {
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (!answer.ok) throw new Error("the page that the answer is says what is wrong");
  await show(answer, ["lead", "steps", "receipt", "latest"]);
  setTimeout(() => showState().catch(() => {}), 1500);
}

/** What has become of the call is known a moment later. */
async function showState() {
  const extension = new FormData(form).get("ramal") || "";
  await show(await fetch(`/diagnostico?${new URLSearchParams({ ramal: extension })}`), ["steps", "latest"]);
}

/** Puts the named parts of another page into this one. */
async function show(answer, ids) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ids) {
    const [before, after] = [document.getElementById(id), page.getElementById(id)];
    if (before && after) before.replaceChildren(...after.childNodes);
  }
}
