// Lists and figures show what happened since the page was made. Nothing outside of them is touched.

import { fetchCurrent } from "../page/current.js";
import { isVisible } from "../page/page.js";
import { subscribe } from "./events.js";

const CALL_KINDS = ["call", "handled", "callSeen", "callAnswered", "callTransferred", "callReturned", "attendance"];
/** What happens at once is shown at once. */
const TOGETHER_MS = 300;
/** Every agent's page hears of every request: they fetch in their own time, so that not all do in the same moment. */
const REQUESTS_MS = { least: 1000, most: 5000 };
/** Deadlines pass without an event. */
const DEADLINES_MS = 60_000;

const lists = document.querySelectorAll("[data-live-calls], [data-live-requests]");
let isOutdated = false;
let timer = null;
let dueAt = Infinity;

export function followLists() {
  if (!lists.length) return;
  if (document.querySelector("[data-live-calls]")) {
    for (const kind of CALL_KINDS) subscribe(kind, () => refreshIn(TOGETHER_MS));
  }
  if (document.querySelector("[data-live-requests]")) followRequests();
  document.addEventListener("visibilitychange", refresh);
}

function followRequests() {
  const { least, most } = REQUESTS_MS;
  subscribe("requestChanged", () => refreshIn(least + Math.random() * (most - least)));
  setInterval(() => refreshIn(Math.random() * most), DEADLINES_MS);
}

/** Refreshes then, unless that is to be done before. */
function refreshIn(milliseconds) {
  isOutdated = true;
  if (dueAt <= Date.now() + milliseconds) return;
  clearTimeout(timer);
  dueAt = Date.now() + milliseconds;
  timer = setTimeout(() => {
    dueAt = Infinity;
    refresh();
  }, milliseconds);
}

/** A hidden tab waits until somebody looks at it. */
async function refresh() {
  if (!isOutdated || !isVisible()) return;
  isOutdated = false;
  const current = await fetchCurrent();
  if (current) for (const list of lists) replaceRows(list, current.getElementById(list.id));
}

function replaceRows(list, current) {
  if (!current || current.innerHTML === list.innerHTML) return;
  const focused = list.contains(document.activeElement) && document.activeElement.getAttribute("href");
  list.replaceChildren(...current.childNodes);
  if (focused) list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
