// The event stream of this browser, held by the leading tab. Both ends prove that they are there: the server sends a pulse
// every 15 s, the page answers each. A stream that is silent for longer is given up for a new one.

import { isVisible, page, wait } from "../page/page.js";
import { subscribe } from "./events.js";
import { electLeader, isLeading, retire, stepDown } from "./leader.js";
import { findLiveLine } from "./line.js";
import { publish, publishToOtherTabs } from "./tabs.js";
import { ceaseTicks, onTick } from "./ticks.js";

/** Two pulses and some time; with a tick's 5 s it stays below the 45 s for which the server believes this page. */
const SILENCE_MS = 32000;
/** When somebody looks, or a machine wakes up: one pulse and some time. */
const SHORT_SILENCE_MS = 20000;
/** A stream that takes longer to open is given up, and so is a proof that takes longer to arrive. */
const OPENING_MS = 8000;
const PROVING_MS = 4000;

/** The numbers of the live events that were published. */
const told = new Set();
let stream = null;
let isOpen = false;
let heardAt = 0;
let tickedAt = 0;
let lastEventId = "";
let failures = 0;
let proof = null;

export function followStream() {
  subscribe("newcomer", () => stream && publishToOtherTabs({ kind: "connection", isOpen }));
  subscribe("streamReplaced", stepDown);
  for (const kind of ["loginEnded", "loginsEnded"]) subscribe(kind, retire);
  addEventListener("online", () => isLeading() && replace());
  addEventListener("offline", () => isLeading() && setOpen(false));
  addEventListener("focus", () => look(SHORT_SILENCE_MS));
  document.addEventListener("visibilitychange", () => isVisible() && look(SHORT_SILENCE_MS));
  electLeader(begin, close);
}

function begin() {
  tickedAt = Date.now();
  onTick(watch);
  open();
}

function close() {
  ceaseTicks(watch);
  if (stream) stream.close();
  stream = null;
  isOpen = false;
}

function open() {
  if (stream) stream.close();
  heardAt = Date.now();
  setOpen(false);
  stream = new EventSource(`/eventos?${new URLSearchParams({ prova: "", depois: lastEventId })}`);
  stream.onerror = fail;
  forwardEvents();
}

/** Opens another stream when this one seems to be dead, and with it perhaps every other line. */
async function replace() {
  stream.close();
  heardAt = Date.now();
  setOpen(false);
  const mine = stream;
  if ((await findLiveLine()) && stream === mine) open();
}

/** Looks whether the stream is silent; a machine that slept has had no ticks. Other tabs show what this one knows. */
function watch() {
  publishToOtherTabs({ kind: "connection", isOpen });
  const sleptMs = Date.now() - tickedAt;
  tickedAt = Date.now();
  look(sleptMs > SHORT_SILENCE_MS ? SHORT_SILENCE_MS : SILENCE_MS);
  if (proof && Date.now() - proof.sentAt > PROVING_MS) prove(proof);
}

function look(patience) {
  if (stream && Date.now() - heardAt > (isOpen ? patience : OPENING_MS)) replace();
}

function setOpen(value) {
  isOpen = value;
  publish({ kind: "connection", isOpen });
}

function forwardEvents() {
  listen("pulso", takePulse);
  forward("chamada", ({ token }) => ({ kind: "call", token }));
  forward("atendimento", ({ perdidas: missed, pausa: pause }) => ({
    kind: "attendance",
    missed: missed && Number(missed),
    isPaused: pause && pause === "S",
  }));
  forward("ramal", ({ ramal, perdido, dono: owner }) =>
    ramal ? { kind: "moved", number: ramal } : { kind: "lost", number: perdido, owner },
  );
  listen("novidade", publishOnce);
}

/** Publishes the server's events of a name as what `read` makes of their data. */
const forward = (name, read) => listen(name, (data) => publish(read(data)));

function listen(name, handle) {
  stream.addEventListener(name, (event) => {
    heardAt = Date.now();
    lastEventId = event.lastEventId || lastEventId;
    handle(JSON.parse(event.data));
  });
}

/** Proves to the server that what it sends is received. */
async function prove({ id }) {
  if (proof) proof.control.abort(); // its line is dead; the next one may be alive
  const mine = { id, sentAt: Date.now(), control: new AbortController() };
  proof = mine;
  const headers = { "X-Form-Token": page.formToken, "X-Stream": id };
  const request = { method: "POST", headers, signal: mine.control.signal };
  const answer = await fetch("/eventos/prova", request).catch(() => null);
  if (proof === mine) proof = null;
  if (answer && answer.status === 403) publish({ kind: "loggedOut" });
}

function takePulse({ prova: id, ramal: extension, pausa: pause }) {
  failures = 0;
  if (!isOpen) setOpen(true);
  if (extension !== undefined) publish({ kind: "pulse", extension, isPaused: pause === "S" });
  prove({ id });
}

/** Publishes a live event of the server; after a broken line it tells again what it told a moment ago. */
function publishOnce(event) {
  if (event.number && told.has(event.number)) return;
  told.add(event.number);
  publish(event);
}

/** The browser reconnects by itself after a broken line, but gives up after an answer that is no stream. */
function fail() {
  setOpen(false);
  heardAt = Date.now();
  if (stream.readyState === EventSource.CLOSED) reconnect(stream);
}

async function reconnect(failed) {
  failures += 1;
  if (failures % 5 === 1 && (await isLoggedOut())) publish({ kind: "loggedOut" });
  await wait(Math.min(3000 * (1 + Math.floor(failures / 10)), 15000));
  if (stream === failed) open();
}

async function isLoggedOut() {
  try {
    return (await fetch("/ramal", { method: "HEAD", redirect: "manual" })).type === "opaqueredirect";
  } catch {
    return false;
  }
}
