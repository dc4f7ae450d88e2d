// Lists of calls show what happened since the page was made. Nothing outside of them is touched.

import { isVisible } from "../page/page.js";
import { subscribe } from "./events.js";

const KINDS = ["call", "handled", "callAnswered", "callTransferred", "callReturned", "attendance"];
/** What happens at once is shown at once. */
const TOGETHER_MS = 300;

const list = document.querySelector("[data-live-calls]");
let isOutdated = false;
let isWaiting = false;

export function followLists() {
  if (!list) return;
  for (const kind of KINDS) subscribe(kind, noteNews);
  document.addEventListener("visibilitychange", refresh);
}

function noteNews() {
  isOutdated = true;
  if (isWaiting) return;
  isWaiting = true;
  setTimeout(() => {
    isWaiting = false;
    refresh();
  }, TOGETHER_MS);
}

/** A hidden tab waits until somebody looks at it. */
async function refresh() {
  if (!isOutdated || !isVisible()) return;
  isOutdated = false;
  const current = await fetchList().catch(() => null);
  if (current) replaceRows(current);
}

async function fetchList() {
  const answer = await fetch(location.pathname + location.search, { redirect: "error" });
  if (!answer.ok) return null;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  return made.getElementById(list.id);
}

function replaceRows(current) {
  if (current.innerHTML === list.innerHTML) return;
  const focused = list.contains(document.activeElement) && document.activeElement.getAttribute("href");
  list.replaceChildren(...current.childNodes);
  if (focused) list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
