// The end of this browser's log-in.

import { page } from "../page/page.js";
import { warn } from "../page/warning.js";
import { subscribe } from "./events.js";

export function watchLogin() {
  for (const kind of ["loggedOut", "loginEnded", "loginsEnded"]) subscribe(kind, warnOfLogout);
}

/** The next log-in leads back to this page, or to the call that is on the screen when the link is followed. */
export function warnOfLogout() {
  const link = document.createElement("a");
  const lead = () => (link.href = `/entrar?${new URLSearchParams({ para: callOnScreen() || herePath() })}`);
  for (const name of ["pointerdown", "click", "focus"]) link.addEventListener(name, lead);
  lead();
  link.className = "button";
  link.dataset.logIn = "";
  link.textContent = page.logIn;
  warn(page.loggedOut, link);
}

const herePath = () => location.pathname + location.search;

/** The page of the call that is open here, or of one that waits in the list of calls; undefined without any. */
function callOnScreen() {
  const form = document.querySelector('.popup form[action^="/chamadas/"]');
  const waiting = document.querySelector(".call-line[data-call]");
  return form ? form.getAttribute("action") : waiting && `/chamadas/${waiting.dataset.call}`;
}
