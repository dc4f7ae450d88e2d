// Tells the server which calls an agent has seen: those that were visible while the agent gave a sign on any of their pages.
// A popup on an empty chair is not seen.

import { isVisible, page } from "../page/page.js";
import { subscribe } from "../live/events.js";
import { publish, publishToOtherTabs } from "../live/tabs.js";

const SIGNS = ["pointerdown", "pointermove", "touchstart", "wheel", "keydown"];
/** Whoever scrolls sees a moment later what comes into view. */
const SCROLLING_MS = 250;
/** When the server is told again that did not answer: its popup may be closed by then, and no sign shows it again. */
const AGAIN_MS = [500, 1000, 2000, 4000, 8000, 16000];

const posting = new Set();
let pointer = "";
let signedAt = 0;
let timer = 0;
let look = () => {};

/** Has `onSign` called when the agent gives a sign on any of their pages, this one being visible. */
export function followSigns(onSign) {
  look = () => isVisible() && onSign();
  for (const sign of SIGNS) document.addEventListener(sign, noteSign, { capture: true, passive: true });
  addEventListener("focus", noteSign);
  subscribe("sign", ({ at }) => {
    signedAt = at;
    look();
  });
}

/** Whether the agent gave a sign after a moment. */
export const hasSignedAfter = (moment) => signedAt > moment;

/** A pointer that lies still moves nothing, though the page may move below it. */
function noteSign(event) {
  if (event.type === "pointermove") {
    const [before, now] = [pointer, `${event.screenX} ${event.screenY}`];
    pointer = now;
    if (!before || before === now) return;
  }
  signedAt = Date.now();
  if (timer) return;
  tell();
  timer = setTimeout(() => {
    timer = 0;
    tell();
  }, SCROLLING_MS);
}

function tell() {
  publishToOtherTabs({ kind: "sign", at: signedAt });
  look();
}

/** Whether the caller and the age of a call can be seen: `parts` lie in `entry`, which nothing hides. */
export function isInSight(entry, parts) {
  return parts.every((part) => {
    const { left, top, width, height } = part.getBoundingClientRect();
    if (!width || !height) return false;
    const met = document.elementFromPoint(left + Math.min(width / 2, 20), top + height / 2);
    return Boolean(met) && met.closest("[data-call]") === entry;
  });
}

/** The page of a call shows it already: it counts as seen and does not pop up on top of itself. */
export function markOwnPage() {
  const call = document.querySelector("article[data-call]");
  if (call && page.extension) markSeen(call.dataset.call);
}

/** Tells the server that a call was seen, again while it does not answer. */
export async function markSeen(token) {
  if (posting.has(token)) return;
  posting.add(token);
  for (const pause of [...AGAIN_MS, 0]) {
    const request = { method: "POST", headers: { "X-Form-Token": page.formToken }, keepalive: true };
    const answer = await fetch(`/chamadas/${token}/vista`, request).catch(() => null);
    if (answer && answer.ok) publish({ kind: "callSeen", ref: token });
    if (answer && answer.status < 500) break; // it is done, or would be refused again
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  posting.delete(token); // the next sign tries again
}
