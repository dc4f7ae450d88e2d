// A request's page says that somebody else changed it. It changes nothing by itself: somebody may be reading or typing.

import { showNotice } from "../page/warning.js";
import { subscribe } from "./events.js";

const bar = document.getElementById("request-changed");

export function followRequest() {
  if (bar) subscribe("requestChanged", noteChange);
}

/** What the agent changed on this page themselves comes with a version that the page has already. */
function noteChange({ ref, by, version }) {
  const { number, version: shown, changed } = bar.dataset;
  if (ref === number && Number(version) > Number(shown)) showNotice(bar, changed.replace("{}", by), linkToNews());
}

/** What stands in the reply box is kept as a draft. */
function linkToNews() {
  const link = document.createElement("a");
  link.className = "button";
  link.href = location.pathname;
  link.textContent = bar.dataset.show;
  return link;
}
