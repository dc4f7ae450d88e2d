// The end of this browser's log-in.

import { page } from "../page/page.js";
import { warn } from "../page/warning.js";
import { subscribe } from "./events.js";

export function watchLogin() {
  for (const kind of ["loggedOut", "loginEnded", "loginsEnded"]) subscribe(kind, warnOfLogout);
}

export function warnOfLogout() {
  const link = document.createElement("a");
  link.href = `/entrar?${new URLSearchParams({ para: location.pathname + location.search })}`;
  link.className = "button";
  link.dataset.logIn = "";
  link.textContent = page.logIn;
  warn(page.loggedOut, link);
}
