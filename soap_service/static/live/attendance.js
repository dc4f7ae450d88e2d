// How the agent attends, shown on every page: the extension, a pause, how many calls were missed.

import { page } from "../page/page.js";
import { warn } from "../page/warning.js";
import { subscribe } from "./events.js";
import { publishToOtherTabs } from "./tabs.js";

export function showAttendance() {
  subscribe("attendance", ({ missed, isPaused }) => {
    if (missed !== undefined) showMissed(missed);
    if (isPaused !== undefined) show(isPaused ? "paused" : "active");
  });
  subscribe("moved", ({ number }) => showExtension(number));
  subscribe("lost", ({ sentence }) => loseExtension(sentence));
  if (page.standing !== "none") tellOtherTabs();
}

/** What was missed and whether calls pause, as this page was made: the other tabs were made before. */
function tellOtherTabs() {
  publishToOtherTabs({
    kind: "attendance",
    missed: Number(document.querySelector("#missed [data-count]").textContent),
    isPaused: page.standing === "paused",
  });
}

/** Shows what belongs to an attendance: "none" without an extension, "active", or "paused". */
function show(attendance) {
  for (const element of document.querySelectorAll("[data-when]")) {
    element.hidden = !element.dataset.when.split(" ").includes(attendance);
  }
}

function showMissed(number) {
  const sign = document.getElementById("missed");
  sign.hidden = number === 0;
  sign.querySelector("[data-count]").textContent = number;
  document.title = (number ? `(${number}) ` : "") + document.title.replace(/^\(\d+\) /, "");
}

/** Another tab of this agent changed the extension: the stream goes on with the new one. */
function showExtension(number) {
  for (const shown of document.querySelectorAll("[data-registered]")) {
    shown.textContent = shown.dataset.registered.replace("{}", number);
    shown.classList.add("is-registered");
    shown.classList.remove("is-none");
  }
}

function loseExtension(sentence) {
  for (const shown of document.querySelectorAll("[data-none]")) {
    shown.textContent = shown.dataset.none;
    shown.classList.remove("is-registered");
    shown.classList.add("is-none");
  }
  for (const outdated of document.querySelectorAll(".notice.is-good")) outdated.remove();
  show("none");
  showMissed(0);
  warn(sentence);
}
