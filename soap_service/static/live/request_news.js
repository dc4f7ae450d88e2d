// A request's page says that somebody else changed it. It changes nothing by itself: somebody may be reading or typing.

import { showNotice } from "../page/warning.js";
import { subscribe } from "./events.js";

const bar = document.getElementById("request-changed");

export function followRequest() {
  if (bar) subscribe("requestChanged", noteChange);
}

/** What the agent did on this page themselves comes with a version, or a child request, that the page has already. */
function noteChange({ ref, by, version, child = 0 }) {
  const { number, version: shown, newestChild, changed } = bar.dataset;
  const isNews = Number(version) > Number(shown) || Number(child) > Number(newestChild);
  if (ref === number && isNews) showNotice(bar, changed.replace("{}", by), linkToNews());
}

/** What stands in the reply box is kept as a draft. */
function linkToNews() {
  const link = document.createElement("a");
  link.className = "button";
  link.href = location.pathname;
  link.textContent = bar.dataset.show;
  return link;
}
