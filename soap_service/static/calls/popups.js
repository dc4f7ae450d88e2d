// Popups of calls one after another: the next call waits until the one before it is closed.

import { page } from "../page/page.js";
import { isUnsaved } from "../page/typing.js";
import { subscribe } from "../live/events.js";
import { publishToOtherTabs } from "../live/tabs.js";
import { ring } from "./alarm.js";
import { fetchPopup } from "./content.js";
import { followFront, isInFront } from "./front.js";
import { markSeen } from "./seen.js";
import { keepShown, noteShown, wasShown } from "./shown.js";

/** A key meant for the field where somebody was typing answers no call that opened less than this ago. */
const STRAY_KEY_MS = 700;

const waiting = [];
const handled = new Set();
let current = null;

export function popUpCalls() {
  followFront(next, stepBack);
  subscribe("call", ({ token }) => announce(token));
  subscribe("handled", ({ token }) => withdraw(token));
  subscribe("waiting", ({ tokens }) => tokens.forEach(show));
  subscribe("newcomer", tellNewcomer);
}

function announce(token) {
  if (wasShown(token)) return;
  noteShown(token);
  show(token);
}

function show(token) {
  if (waiting.includes(token) || handled.has(token) || (current && current.token === token)) return;
  waiting.push(token);
  next();
}

function tellNewcomer() {
  const tokens = current ? [current.token, ...waiting] : [...waiting];
  if (tokens.length) publishToOtherTabs({ kind: "waiting", tokens });
}

function withdraw(token) {
  handled.add(token);
  if (waiting.includes(token)) waiting.splice(waiting.indexOf(token), 1);
  if (!current || current.token !== token) return;
  if (current.dialog) current.dialog.close();
  else finish();
}

async function next() {
  if (current || !waiting.length || !isInFront()) return;
  const popup = { token: waiting.shift(), dialog: null };
  current = popup;
  const content = await fetchPopup(popup.token);
  if (current !== popup) return;
  if (content) open(popup, content);
  else finish();
}

function finish() {
  current = null;
  next();
}

/** Another tab came to the front: the popup goes there. */
function stepBack() {
  if (!current) return;
  const { token, dialog } = current;
  current = null;
  waiting.unshift(token);
  if (dialog) dialog.close("elsewhere");
}

function open(popup, content) {
  const focusedBefore = document.activeElement;
  const dialog = dialogOf(content);
  popup.dialog = dialog;
  dialog.addEventListener("close", restorePage(dialog, focusedBefore));
  dialog.addEventListener("close", () => close(popup));
  const form = dialog.querySelector("form");
  form.addEventListener("submit", answerOnce(popup, focusedBefore));
  document.body.append(dialog);
  document.title = page.ringing;
  dialog.showModal();
  keepShown(popup.token);
  ring(popup.token, dialog);
  form.querySelector("[data-answers]").focus();
  markSeen(popup.token, form.elements.form_token.value);
}

function dialogOf(content) {
  const dialog = document.createElement("dialog");
  dialog.className = "popup";
  dialog.append(content);
  dialog.setAttribute("aria-labelledby", dialog.querySelector("h2").id);
  return dialog;
}

function restorePage(dialog, focusedBefore) {
  const title = document.title;
  return () => {
    dialog.remove();
    document.title = title;
    if (focusedBefore && focusedBefore.isConnected) focusedBefore.focus();
  };
}

function close(popup) {
  if (popup.dialog.returnValue === "elsewhere") return;
  handled.add(popup.token);
  publishToOtherTabs({ kind: "handled", token: popup.token });
  finish();
}

function answerOnce(popup, focusedBefore) {
  const opened = performance.now();
  const wasTyping = focusedBefore && focusedBefore.matches("input, select, textarea");
  return (event) => {
    if (wasTyping && performance.now() - opened < STRAY_KEY_MS) {
      event.preventDefault();
      return;
    }
    publishToOtherTabs({ kind: "handled", token: popup.token });
    if (!isUnsaved()) return;
    event.target.target = "_blank"; // what is being typed on this page must not be lost to a call
    setTimeout(() => popup.dialog.close());
  };
}
