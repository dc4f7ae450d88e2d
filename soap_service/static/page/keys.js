// Single keys: `/` to search, `j` and `k` along the rows of a list, `?` for a dialog that names them. Never in a field,
// in a dialog or with another key held, and not for an agent who switched them off. Source: WCAG 2.1.4.

import { page } from "./page.js";

const ROWS = ".requests tbody a[href], table.calls tbody td:first-child a[href]";
const KEYS = { "/": search, j: () => move(1), k: () => move(-1), "?": () => showHelp() };

export function workByKeys() {
  if (page.keys !== "on") return;
  document.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || isElsewhere(event)) return;
    event.preventDefault();
    act();
  });
  if (location.hash === "#busca") search();
}

function isElsewhere(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return true;
  if (document.querySelector("dialog[open]")) return true;
  return Boolean(event.target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]"));
}

/** Goes to the field of the page, else to the page that has one. */
function search() {
  const field = document.getElementById("busca");
  if (!field) location.assign("/solicitacoes#busca");
  else {
    field.focus();
    field.select();
  }
}

function move(step) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.closest("tr").contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + step, 0), rows.length - 1);
  rows[next].focus();
  rows[next].closest("tr").scrollIntoView({ block: "nearest" });
}

function showHelp() {
  document.getElementById("keys-dialog").showModal();
}
