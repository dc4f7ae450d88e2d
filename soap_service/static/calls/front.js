// Which of the agent's tabs shows the popups: the one they looked at last. It holds a lock that whoever comes to the
// front takes, and that the next tab gets when this one is closed. Without locks every tab shows them.

import { isVisible } from "../page/page.js";
import { loginName } from "../live/tabs.js";

const LOCK = `${loginName} front`;

let isFront = !navigator.locks;
let isQueued = false;
let arrivals = 0;
let onArrival = () => {};
let onLeaving = () => {};

export const isInFront = () => isFront;

/** Has functions called when this tab comes to the front, and when another does. */
export function followFront(arrive, leave) {
  [onArrival, onLeaving] = [arrive, leave];
  if (!navigator.locks) return;
  queue();
  if (document.hasFocus()) come();
  addEventListener("focus", come);
  for (const event of ["visibilitychange", "pointerdown", "keydown"]) document.addEventListener(event, come, true);
}

function ask(options, onGrant = () => {}) {
  let arrival = 0;
  const hold = () => {
    onGrant();
    arrival = arrivals += 1;
    isFront = true;
    onArrival();
    return new Promise(() => {});
  };
  // A lock of its own that this tab has taken anew is none that it has lost.
  navigator.locks.request(LOCK, options, hold).catch(({ name }) => {
    if (name !== "AbortError") standAlone();
    else if (arrival === arrivals) stepBack();
  });
}

/** The browser gives this page no locks, as in a frame of another site that may keep nothing. */
function standAlone() {
  if (isFront) return;
  isFront = true;
  onArrival();
}

function queue() {
  if (isQueued) return;
  isQueued = true;
  ask({}, () => (isQueued = false));
}

/** Another tab has come to the front. */
function stepBack() {
  isFront = false;
  onLeaving();
  queue();
}

function come() {
  if (!isFront && isVisible()) ask({ steal: true });
}
