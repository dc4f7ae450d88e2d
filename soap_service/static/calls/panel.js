// Where the stack of calls stands on the page: a panel beside what the agent works on, or, hidden, a button that leads
// back. It lets the keyboard alone: nothing here moves the focus out of a field.

import { isField } from "../page/typing.js";

export const panel = document.getElementById("calls-panel");
const pill = document.getElementById("calls-pill");
const news = document.getElementById("call-news");
/** So much of a field's beginning stays in sight. */
const BEGINNING_PX = 240;

let focusedBefore = null;

/** Shows calls, newest first, with one of them open or none; all hidden, as a button with their number. */
export function showStack(calls, open, isHidden) {
  const [whole, lines] = [panel.querySelector(".panel-open"), panel.querySelector(".call-lines")];
  host().append(...[panel, pill].filter((one) => one.parentNode !== host()));
  place(whole, open && !isHidden ? [open.popup] : []);
  place(
    lines,
    calls.filter((call) => call !== open).map((call) => call.line),
  );
  panel.querySelector("[data-dismisses-all]").hidden = calls.length < 2;
  panel.hidden = isHidden || !calls.length;
  pill.hidden = !isHidden || !calls.length;
  pill.querySelector("[data-count]").textContent =
    calls.length === 1 ? pill.dataset.one : pill.dataset.many.replace("{}", calls.length);
}

/** Over a modal dialog only what is inside of it can be seen and used. */
const host = () => document.querySelector("dialog:modal") || document.body;

/** Moves nothing that stands where it should: what is moved loses the focus. */
function place(parent, children) {
  const outdated = [...parent.children].filter((child) => !children.includes(child));
  outdated.forEach((child) => child.remove());
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] || null);
  });
}

export function followPill(onClick) {
  pill.addEventListener("click", onClick);
}

export const hasFocus = () => panel.contains(document.activeElement) || document.activeElement === pill;

export const isTyping = () => isField(document.activeElement) && !panel.contains(document.activeElement);

/** Whether the panel lies on the beginning of the field in use. */
export function coversField() {
  if (panel.hidden || !isTyping()) return false;
  const [field, own] = [document.activeElement.getBoundingClientRect(), panel.getBoundingClientRect()];
  const right = Math.min(field.right, field.left + BEGINNING_PX);
  return field.left < own.right && right > own.left && field.top < own.bottom && field.bottom > own.top;
}

/** Moves the field in use out from under the panel. */
export function uncoverField() {
  if (coversField()) document.activeElement.scrollIntoView({ block: "center" });
}

export function focusCall(call) {
  const { activeElement } = document;
  if (!hasFocus() && activeElement !== document.body) focusedBefore = activeElement;
  call.heading.focus({ preventScroll: true });
}

/** Gives the focus back to where it was before it came here, if it is still here or nowhere. */
export function returnFocus(isHere) {
  if (isHere && focusedBefore && focusedBefore.isConnected) focusedBefore.focus({ preventScroll: true });
  focusedBefore = null;
}

/** Has screen readers say it. */
export function tell(sentence) {
  news.textContent = sentence;
}
