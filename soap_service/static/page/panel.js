// The panel follows what happens: its figures and drawings are replaced in place, so that focus, scrolling and what is
// unfolded stay. On a small screen the bars of today are in sight.

import { subscribe } from "../live/events.js";
import { fetchCurrent } from "./current.js";
import { isVisible } from "./page.js";

const KINDS = ["call", "handled", "callAnswered", "callTransferred", "callReturned", "requestChanged"];
const EVERY_MS = 60_000;
/** What happens within this time is shown at once, together. */
const TOGETHER_MS = 3_000;

let timer = null;

for (const chart of document.querySelectorAll("[data-now]")) {
  chart.scrollLeft = chart.scrollWidth * Number(chart.dataset.now) - chart.clientWidth;
}
for (const kind of KINDS) subscribe(kind, () => (timer ??= setTimeout(refresh, TOGETHER_MS)));
setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);

async function refresh() {
  clearTimeout(timer);
  timer = null;
  if (!isVisible()) return;
  const current = await fetchCurrent();
  if (current) for (const part of document.querySelectorAll("[data-fresh]")) renew(part, current.getElementById(part.id));
}

function renew(part, current) {
  if (current && current.innerHTML !== part.innerHTML) part.replaceChildren(...current.childNodes);
}
