// Regular ticks. A hidden page's own timers run once a minute, those of its worker on time.

const TICK_MS = 5000;

let handlers = [];
let stopTicking = null;

/** Has `handler` called every five seconds, in a hidden page too, until `ceaseTicks`. */
export function onTick(handler) {
  handlers = [...handlers, handler];
  if (!stopTicking) stopTicking = startWorker() || startTimer();
}

export function ceaseTicks(handler) {
  handlers = handlers.filter((one) => one !== handler);
  if (handlers.length || !stopTicking) return;
  stopTicking();
  stopTicking = null;
}

const tick = () => handlers.forEach((handler) => handler());

function startWorker() {
  try {
    const worker = new Worker(new URL("./ticker.js", import.meta.url));
    worker.onmessage = tick;
    worker.onerror = () => (stopTicking = startTimer()); // it could not be loaded
    return () => worker.terminate();
  } catch {
    return null;
  }
}

function startTimer() {
  const timer = setInterval(tick, TICK_MS);
  return () => clearInterval(timer);
}
