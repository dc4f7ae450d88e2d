// The event stream of the agent's extension. One a browser: the tab that holds the lock has it and tells the others.

import { wait } from "../page/page.js";
import { subscribe } from "./events.js";
import { hasTabs, loginName, publish, publishToOtherTabs } from "./tabs.js";

/** The numbers of the live events that were published. */
const told = new Set();
let stream = null;
let failures = 0;
let hasEnded = false;

export function openStream() {
  subscribe("newcomer", welcome);
  for (const kind of ["lost", "loginEnded", "loginsEnded"]) subscribe(kind, end);
  if (!hasTabs || !navigator.locks) return connect();
  navigator.locks.request(loginName, () => new Promise(connect)).catch(() => {});
  return publishToOtherTabs({ kind: "newcomer" });
}

function connect() {
  if (hasEnded) return;
  stream = new EventSource("/eventos");
  stream.onopen = () => {
    failures = 0;
    publish({ kind: "connection", isOpen: true });
  };
  stream.onerror = () => {
    publish({ kind: "connection", isOpen: false });
    if (stream.readyState === EventSource.CLOSED) reconnect(stream);
  };
  forwardEvents();
}

function forwardEvents() {
  forward("chamada", ({ token }) => ({ kind: "call", token }));
  forward("atendimento", ({ perdidas: missed, pausa: pause }) => ({
    kind: "attendance",
    missed: missed && Number(missed),
    isPaused: pause && pause === "S",
  }));
  forward("ramal", ({ ramal: number, mensagem: sentence }) =>
    number ? { kind: "moved", number } : { kind: "lost", sentence },
  );
  stream.addEventListener("novidade", (event) => publishOnce(JSON.parse(event.data)));
}

/** Publishes the server's events of a name as what `read` makes of their data. */
function forward(name, read) {
  stream.addEventListener(name, (event) => publish(read(JSON.parse(event.data))));
}

/** Publishes a live event of the server; after a broken line it tells again what it told a moment ago. */
function publishOnce(event) {
  if (told.has(event.number)) return;
  told.add(event.number);
  publish(event);
}

/** A page that has just been opened learns what this one knows. */
function welcome() {
  if (stream) publishToOtherTabs({ kind: "connection", isOpen: stream.readyState === EventSource.OPEN });
}

function end() {
  hasEnded = true;
  if (stream) stream.close();
  stream = null;
}

/** The browser reconnects by itself after a broken line, but gives up after an answer that is no stream. */
async function reconnect(failed) {
  failures += 1;
  if (failures % 5 === 1 && (await isLoggedOut())) publish({ kind: "loggedOut" });
  await wait(Math.min(3000 * (1 + Math.floor(failures / 10)), 15000));
  if (stream === failed) connect();
}

async function isLoggedOut() {
  try {
    return (await fetch("/ramal", { method: "HEAD", redirect: "manual" })).type === "opaqueredirect";
  } catch {
    return false;
  }
}
