// Tells the server that an agent has seen a call.

import { isVisible, page } from "../page/page.js";

export function markSeen(token, formToken) {
  if (isVisible()) {
    post(token, formToken);
    return;
  }
  document.addEventListener("visibilitychange", function seen() {
    if (!isVisible()) return;
    document.removeEventListener("visibilitychange", seen);
    post(token, formToken);
  });
}

/** The page of a call shows it already: it counts as seen and does not pop up on top of itself. */
export function markOwnPage() {
  const call = document.querySelector("[data-call]");
  if (call && page.extension) markSeen(call.dataset.call, page.formToken);
}

function post(token, formToken) {
  const headers = { "X-Form-Token": formToken };
  fetch(`/chamadas/${token}/vista`, { method: "POST", headers, keepalive: true }).catch(() => {});
}
