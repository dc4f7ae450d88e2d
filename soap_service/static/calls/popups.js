// The stack of calls: the newest on top and open, the others in a list. Every tab knows them, the one in front shows them.

import { isVisible, page } from "../page/page.js";
import { isUnsaved } from "../page/typing.js";
import { showRingingInTitle } from "../page/title.js";
import { subscribe } from "../live/events.js";
import { publish, publishToOtherTabs } from "../live/tabs.js";
import { ring } from "./alarm.js";
import { fetchPopup } from "./content.js";
import { followFront, isInFront } from "./front.js";
import { keepStack, recallStack } from "./kept.js";
import { OnScreen } from "./one.js";
import * as view from "./panel.js";
import { followSigns, hasSignedAfter, markSeen } from "./seen.js";
import { isOwnPage, keepShown, noteShown, wasShown } from "./shown.js";

/** More are in the list of calls alone. */
const MOST = 100;
/** A click meant for the call that was open a moment before answers none. */
const STRAY_CLICK_MS = 700;
/** How long a call that somebody answered stays as a line. */
const ANSWERED_MS = 30000;

const calls = new Map();
const handled = new Set();
let opened = null;
let openedAt = 0;
let isInUse = false;
let isHidden = false;
let told = "";

export function popUpCalls() {
  followFront(loadAll, show);
  followSigns(look);
  subscribe("call", ({ token }) => announce(token));
  subscribe("handled", ({ tokens }) => withdraw(tokens));
  subscribe("stack", join);
  subscribe("newcomer", tellNewcomer);
  subscribe("callSeen", ({ ref }) => change(ref, { isSeen: true }));
  subscribe("callAnswered", ({ ref, by }) => noteAnswer(ref, by));
  subscribe("callTransferred", ({ ref, to }) => change(ref, { transferredTo: to }));
  subscribe("lost", leaveToNewOwner);
  subscribe("showing", follow);
  subscribe("connection", ({ isOpen }) => isOpen && isInFront() && calls.forEach(load));
  document.addEventListener("keydown", takeKey, true);
  view.panel.addEventListener("click", takeClick);
  view.panel.addEventListener("pointerdown", ({ target }) => target.closest(".popup") && (isInUse = true));
  view.panel.addEventListener("focusin", ({ target }) => target.closest(".popup button, .popup a") && (isInUse = true));
  view.followPill(goToNewest);
  setInterval(tick, 1000);
  restore();
}

// Calls come and go

function announce(token) {
  if (wasShown(token)) return;
  noteShown(token);
  add({ token });
}

function restore() {
  const kept = recallStack();
  kept.calls.forEach(add);
  // The call that was open may have been answered: then nothing is open that a click could have been meant for.
  [opened, isHidden, isInUse] = [calls.has(kept.opened) ? kept.opened : null, kept.isHidden, kept.isInUse];
  save();
}

/** Takes what another tab knows; this one may just have come, or come back. */
function join({ calls: known, gone, ...showing }) {
  withdraw(gone);
  if (!calls.size) follow({ ...showing, presented: [] });
  known.forEach(add);
}

/** The tab in front shows them so. */
function follow(showing) {
  [opened, isHidden] = [showing.opened, showing.isHidden];
  told = JSON.stringify([opened, isHidden]);
  for (const token of showing.presented) if (calls.has(token)) calls.get(token).isKnown = true;
  show();
}

function tellNewcomer() {
  const known = [...calls.values()].map((call) => call.described);
  publishToOtherTabs({ kind: "stack", calls: known, gone: [...handled], opened, isHidden });
}

function add(known) {
  if (calls.has(known.token) || handled.has(known.token) || isOwnPage(known.token)) return;
  const call = new OnScreen(known);
  calls.set(call.token, call);
  save();
  if (isInFront()) load(call);
}

function loadAll() {
  calls.forEach(load);
  show();
}

async function load(call) {
  if (call.popup || call.isLoading) return;
  call.isLoading = true;
  const content = await fetchPopup(call.token, call.isKnown);
  call.isLoading = false;
  if (calls.get(call.token) !== call) return;
  if (content) begin(call, content);
  else if (content === null) remove([call.token]);
}

function begin(call, content) {
  call.adopt(content);
  if (call.isAnswered && call.isKnown) return remove([call.token]);
  call.popup.addEventListener("close", () => setAside(call));
  call.popup.querySelector("form").addEventListener("submit", (event) => answer(event, call));
  if (isInFront()) present(call);
}

/** Shows a call that has just come, or one that another page or tab has shown before. */
function present(call) {
  if (call.isKnown) return show();
  call.isKnown = true;
  keepShown(call.token);
  isHidden = false;
  const isNewest = newest() === call;
  if (isNewest && !(calls.has(opened) && isInUse)) openByItself(call);
  else show();
  call.takeNotificationAway = ring(call.token, call.popup.querySelector(".call-meta").innerText);
  view.tell(`${page.ringing}: ${call.caller}. ${view.panel.dataset.leads}`);
}

function openByItself(call) {
  open(call.token);
  if (view.coversField()) open(null);
  if (view.isTyping()) view.uncoverField();
  else view.focusCall(call);
}

function withdraw(tokens) {
  tokens.forEach((token) => handled.add(token));
  remove(tokens);
}

/** Takes calls off the screen; what comes to stand in their place is the newest that waits. */
function remove(tokens) {
  const hadFocus = view.hasFocus();
  const wasOpen = tokens.includes(opened);
  for (const token of tokens) {
    calls.get(token)?.takeNotificationAway();
    calls.delete(token);
  }
  if (wasOpen) open(newestWaiting()?.token || null);
  else show();
  settleFocus(hadFocus);
}

/** What had the focus may be gone. */
function settleFocus(hadFocus) {
  if (hadFocus && opened && !view.hasFocus()) view.focusCall(calls.get(opened));
  else if (!opened) view.returnFocus(hadFocus);
}

function change(token, news) {
  const call = calls.get(token);
  if (!call) return;
  const hasWaited = call.isWaiting;
  Object.assign(call, news);
  if (opened === token && hasWaited && !call.isWaiting) makeRoom();
  else show();
}

function noteAnswer(token, by) {
  if (!calls.has(token)) return;
  change(token, { answeredBy: by });
  leaveSoon(token);
}

/** Whoever took the extension over has the calls that nobody has seen; the bar says who that is. */
function leaveToNewOwner() {
  remove([...calls.values()].filter((call) => call.isWaiting && !call.isSeen).map((call) => call.token));
}

const leaveSoon = (token) => setTimeout(() => remove([token]), ANSWERED_MS);

/** What was open is a line now. */
function makeRoom() {
  const hadFocus = view.hasFocus();
  open(newestWaiting()?.token || null);
  settleFocus(hadFocus);
}

// What is shown

const ordered = () => [...calls.values()].filter((call) => call.popup).toSorted((one, other) => other.createdAt - one.createdAt);
const newest = () => ordered()[0];
const newestWaiting = () => ordered().find((call) => call.isWaiting);

function open(token, isByAgent = false) {
  openedAt = opened && !isByAgent ? performance.now() : -STRAY_CLICK_MS;
  [opened, isInUse] = [token, isByAgent];
  show();
}

function show() {
  const shown = isInFront() ? ordered().slice(0, MOST) : [];
  shown.forEach((call) => call.write());
  view.showStack(shown, shown.find((call) => call.token === opened) || null, isHidden);
  showRingingInTitle(shown.some((call) => call.isRinging));
  save();
  if (isInFront()) tellOthers();
}

function save() {
  const known = [...calls.values()].slice(-MOST).map((call) => call.described);
  keepStack({ calls: known, opened, isHidden, isInUse });
}

/** Tells the other tabs how this one, in front, shows them. */
function tellOthers() {
  const now = JSON.stringify([opened, isHidden]);
  if (now === told) return;
  told = now;
  const presented = [...calls.values()].filter((call) => call.isKnown).map((call) => call.token);
  publishToOtherTabs({ kind: "showing", opened, isHidden, presented });
}

function tick() {
  if (!calls.size || !isInFront()) return;
  for (const call of ordered()) if (call.isWaiting && call.isOver && !call.isSettled) settle(call);
  show();
  if (isVisible()) look();
}

/** Asks once whether a call whose time is over was seen or answered in another browser. */
async function settle(call) {
  call.isSettled = true;
  const content = await fetchPopup(call.token, true);
  if (!content) return;
  const hasWaited = call.isWaiting;
  call.learn(content.querySelector(".popup").dataset);
  if (call.isAnswered) leaveSoon(call.token);
  if (opened === call.token && hasWaited && !call.isWaiting) makeRoom();
  else show();
}

/** Marks as seen what can be seen and was there when the agent last gave a sign. */
function look() {
  if (!isInFront() || view.panel.hidden) return;
  const unseen = ordered().filter((call) => !call.isSeen && !call.isOver && hasSignedAfter(call.bornAt));
  for (const call of unseen) if (call.isInSight) markSeen(call.token);
}

// What the agent does

function takeKey(event) {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (event.key === "F8" && newest() && isInFront()) act(event, goToNewest);
  else if (event.key === "Escape" && takesEscape()) act(event, hide);
  else if ([" ", "Enter"].includes(event.key) && event.target.closest?.(".popup .call-title")) act(event, () => {});
}

function act(event, what) {
  event.preventDefault();
  what();
}

/** A modal dialog closes first, unless the agent is in the panel. */
const takesEscape = () => !view.panel.hidden && (view.hasFocus() || !document.querySelector("dialog:modal"));

function takeClick({ target }) {
  if (target.closest("[data-dismisses-all]")) dismiss([...calls.keys()]);
  else if (target.closest("[data-hides]")) hide();
  else if (target.closest("[data-opens-call]")) openLine(target.closest("[data-call]").dataset.call);
}

function openLine(token) {
  open(token, true);
  view.focusCall(calls.get(token));
}

function goToNewest() {
  isHidden = false;
  openLine((newestWaiting() || newest()).token);
}

function hide() {
  const hadFocus = view.hasFocus();
  isHidden = true;
  show();
  view.returnFocus(hadFocus);
}

/** Whoever closes a popup has seen it, however soon after another sign. */
function setAside(call) {
  if (!call.isSeen && !call.isOver) markSeen(call.token);
  dismiss([call.token]);
}

function dismiss(tokens) {
  publish({ kind: "handled", tokens });
}

function answer(event, call) {
  if (performance.now() - openedAt < STRAY_CLICK_MS) return event.preventDefault();
  if (isUnsaved()) {
    event.target.target = "_blank"; // what is being typed on this page must not be lost to a call
    setTimeout(() => dismiss([call.token]));
    return;
  }
  publishToOtherTabs({ kind: "handled", tokens: [call.token] });
  handled.add(call.token);
  calls.delete(call.token);
  save();
}
