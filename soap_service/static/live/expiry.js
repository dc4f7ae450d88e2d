// The log-in ends after some time without use. Use, a click or a key, is told to the server, and every tab warns before the end.

import { page } from "../page/page.js";
import { showNotice } from "../page/warning.js";
import { subscribe } from "./events.js";
import { publish, publishToOtherTabs } from "./tabs.js";

const region = document.getElementById("login-end");
/** As the server has them, in seconds from `toldAt` on. */
let times = null;
let toldAt = Date.now();
let isAsking = false;
let hasEnded = false;

export function watchExpiry() {
  times = JSON.parse(page.loginTimes);
  subscribe("loginTimes", (event) => take(event.times));
  for (const kind of ["loggedOut", "loginEnded", "loginsEnded"]) subscribe(kind, end);
  for (const name of ["click", "keydown"]) document.addEventListener(name, use, { capture: true, passive: true });
  publishToOtherTabs({ kind: "loginTimes", times });
  setInterval(look, 1000);
}

const passed = () => (Date.now() - toldAt) / 1000;

function take(told) {
  times = told;
  toldAt = Date.now();
  look();
}

function use(event) {
  if (event.isTrusted && times.isExtensible && passed() >= times.untilUseCounts) ask("POST");
}

function look() {
  const left = times.left - passed();
  if (hasEnded || left > times.warning) region.replaceChildren();
  else if (left <= 0) ask("GET");
  else if (!region.firstChild) warnOfEnd(left);
}

/** Asks when the log-in ends; a post says that it is used. */
async function ask(method) {
  if (isAsking || hasEnded) return;
  isAsking = true;
  const answer = await fetch("/sessao", { method, headers: { "X-Form-Token": page.formToken }, keepalive: true }).catch(
    () => null,
  );
  isAsking = false;
  if (answer && answer.ok) publish({ kind: "loginTimes", times: await answer.json() });
  else if (answer && [401, 403].includes(answer.status)) publish({ kind: "loggedOut" });
}

function warnOfEnd(left) {
  const time = new Date(Date.now() + left * 1000).toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" });
  const { forWantOfUse, inAnyCase } = region.dataset;
  const sentence = (times.isExtensible ? forWantOfUse : inAnyCase).replace("{}", time);
  showNotice(region, sentence, times.isExtensible && goOnButton());
}

/** Like any other click it is use of the log-in. */
function goOnButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = region.dataset.goOn;
  return button;
}

function end() {
  hasEnded = true;
  region.replaceChildren();
}
