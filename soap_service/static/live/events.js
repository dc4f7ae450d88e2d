// What happened, to whoever on this page wants to know: `subscribe("call", ({ token }) => …)`. Where events come from,
// this tab, another one or the server, is in tabs.js and stream.js; the kinds that the server knows are in rules/live_events.py.

const handlers = new Map();

/** Has `handler` called with every event of that kind. */
export function subscribe(kind, handler) {
  handlers.set(kind, [...(handlers.get(kind) || []), handler]);
}

/** Gives an event, `{ kind, … }`, to this page alone; see `publish` in tabs.js. */
export function dispatch(event) {
  for (const handler of handlers.get(event.kind) || []) handler(event);
}
