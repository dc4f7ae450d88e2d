// The sign in the bar that says whether calls would arrive.

import { withdrawWarning } from "../page/warning.js";
import { subscribe } from "./events.js";

const indicator = document.getElementById("connection");

export function showConnection() {
  subscribe("connection", ({ isOpen }) => show(isOpen));
  for (const warning of document.querySelectorAll("[data-insecure]")) warning.hidden = window.isSecureContext;
  for (const kind of ["loginEnded", "loginsEnded"]) subscribe(kind, () => show(false));
}

function show(isOpen) {
  if (isOpen) withdrawWarning("[data-log-in]");
  if (indicator) showSign(isOpen);
}

function showSign(isOpen) {
  const words = isOpen ? indicator.dataset.connected : indicator.dataset.connecting;
  if (indicator.textContent !== words) indicator.textContent = words;
  indicator.title = words; // where there is little room only the sign is seen
  indicator.classList.toggle("is-lost", !isOpen);
}
