// How the agent attends, shown on every page: the extension, a pause, how many calls were missed.

import { page } from "../page/page.js";
import { showMissedInTitle } from "../page/title.js";
import { warn } from "../page/warning.js";
import { dispatch, subscribe } from "./events.js";
import { publishToOtherTabs } from "./tabs.js";

export function showAttendance() {
  subscribe("attendance", ({ missed, isPaused }) => {
    if (missed !== undefined) showMissed(missed);
    if (isPaused !== undefined) show(isPaused ? "paused" : "active");
  });
  subscribe("moved", ({ number }) => showExtension(number));
  subscribe("lost", loseExtension);
  subscribe("pulse", takePulse);
  if (page.attendance !== "none") tellOtherTabs();
}

/** What was missed and whether calls pause, as this page was made: the other tabs were made before. */
function tellOtherTabs() {
  publishToOtherTabs({
    kind: "attendance",
    missed: Number(document.querySelector("#missed [data-count]").textContent),
    isPaused: page.attendance === "paused",
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
  if (!sign) return; // a role without calls
  sign.hidden = number === 0;
  sign.querySelector("[data-count]").textContent = number;
  showMissedInTitle(number);
}

/** Another tab of this agent changed the extension: the stream goes on with the new one. */
function showExtension(number) {
  page.extension = number;
  for (const shown of document.querySelectorAll("[data-registered]")) {
    shown.textContent = shown.dataset.registered.replace("{}", number);
    shown.classList.add("is-registered");
    shown.classList.remove("is-none");
  }
}

/** How the agent stands when a stream begins: what changed while none was open, no page was told. */
function takePulse({ extension, isPaused }) {
  if (extension) {
    dispatch({ kind: "moved", number: extension });
    show(isPaused ? "paused" : "active");
  } else if (page.extension) {
    dispatch({ kind: "lost" });
  }
}

/** The owner is empty when nobody has the extension now, undefined when it is not known who has. */
function loseExtension({ number = page.extension, owner }) {
  page.extension = "";
  for (const shown of document.querySelectorAll("[data-none]")) {
    shown.textContent = shown.dataset.none;
    shown.classList.remove("is-registered");
    shown.classList.add("is-none");
  }
  for (const outdated of document.querySelectorAll(".notice.is-good")) outdated.remove();
  show("none");
  showMissed(0);
  const sentence = owner ? page.extensionTaken : owner === "" ? page.extensionReleased : page.extensionGone;
  warn(sentence.replace("{number}", number).replace("{owner}", () => owner));
}
