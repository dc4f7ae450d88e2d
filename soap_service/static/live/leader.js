// Which of a log-in's tabs leads: it holds the one stream and tells the others. Who took over last leads; the leader proves
// with beacons that it works, and a visible tab that hears none takes over. Locks would do half of it, and only over HTTPS.

import { isVisible, keep, recall, wait } from "../page/page.js";
import { dispatch, subscribe } from "./events.js";
import { publishToOtherTabs } from "./tabs.js";
import { ceaseTicks, onTick } from "./ticks.js";

const KEY = "soap-service leader";
/** A leader that was not heard for so long does not work: for a visible tab, and for a hidden one. */
const SILENCE_MS = 12000;
const LONG_SILENCE_MS = 30000;
/** A leader that is there answers within the first, one whose tab is busy within the second. */
const SHORT_ANSWER_MS = 60;
const LONG_ANSWER_MS = 1500;

const own = Math.random().toString(36).slice(2);
let leader = { since: 0, tab: "" };
let heardAt = 0;
let hasRetired = false;
let begin = () => {};
let end = () => {};

export const isLeading = () => leader.tab === own;

/** Has functions called when this tab begins and ends to lead. */
export function electLeader(onBegin, onEnd) {
  [begin, end] = [onBegin, onEnd];
  subscribe("leading", hear);
  subscribe("newcomer", () => isLeading() && sendBeacon());
  subscribe("resigned", ({ tab }) => tab === leader.tab && inherit());
  addEventListener("pagehide", resign);
  addEventListener("pageshow", ({ persisted }) => persisted && ask());
  addEventListener("focus", lookAtLeader);
  document.addEventListener("visibilitychange", () => isVisible() && lookAtLeader());
  setInterval(() => isSilent() && !isLeading() && takeOver(), 5000);
  ask();
}

/** Leads no more and follows nobody: the log-in has ended. */
export function retire() {
  hasRetired = true;
  stepDown();
}

/** Stops leading until nobody else does. */
export function stepDown() {
  if (!isLeading()) return;
  leader = { since: leader.since, tab: "" };
  heardAt = Date.now();
  ceaseTicks(sendBeacon);
  end();
}

/** Asks who leads, and leads if nobody answers. */
async function ask() {
  const last = recall("localStorage", KEY);
  const asked = Date.now();
  publishToOtherTabs({ kind: "newcomer" });
  await wait(last && Math.abs(asked - last.at) < SILENCE_MS ? LONG_ANSWER_MS : SHORT_ANSWER_MS);
  if (heardAt < asked) takeOver();
}

/** A tab that somebody looks at again asks a leader that was not heard lately whether it is there. */
function lookAtLeader() {
  if (!isLeading() && Date.now() - heardAt > SILENCE_MS / 2) ask();
}

/** The leader has gone. A hidden tab does not wait, since its timers may take a minute: of several the last one stays. */
async function inherit() {
  const { since } = leader;
  if (isVisible()) await wait(Math.random() * 100);
  if (leader.since === since) takeOver();
}

function isSilent() {
  const silence = Date.now() - heardAt;
  if (silence > SILENCE_MS && !isLeading()) dispatch({ kind: "connection", isOpen: false });
  return silence > (isVisible() ? SILENCE_MS : LONG_SILENCE_MS);
}

function takeOver() {
  if (hasRetired || isLeading()) return;
  leader = { since: Math.max(Date.now(), leader.since + 1), tab: own };
  sendBeacon();
  onTick(sendBeacon);
  begin();
}

function sendBeacon() {
  heardAt = Date.now();
  keep("localStorage", KEY, { tab: own, at: heardAt });
  publishToOtherTabs({ kind: "leading", ...leader });
}

function hear({ since, tab }) {
  const isNewer = since > leader.since || (since === leader.since && tab >= leader.tab);
  if (!isNewer) {
    if (isLeading()) sendBeacon();
    return;
  }
  if (isLeading()) stepDown();
  leader = { since, tab };
  heardAt = Date.now();
}

function resign() {
  if (!isLeading()) return;
  stepDown();
  keep("localStorage", KEY, null);
  publishToOtherTabs({ kind: "resigned", tab: own });
}
