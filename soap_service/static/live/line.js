// Requests over lines that may be dead. A browser keeps lines open for its next requests, and what has silently dropped the
// stream has dropped them too: a request on such a line waits for ever, until it is given up and takes the line with it.

/** As many lines as a browser keeps open to one server. */
const LINES = 6;

let probes = new AbortController();

/** Returns when a request was answered, with the other lines given up; false when a later look took over. */
export async function findLiveLine() {
  probes.abort();
  const mine = new AbortController();
  probes = mine;
  const looks = Array.from({ length: LINES }, () => fetch("/eventos/prova", { cache: "no-store", signal: mine.signal }));
  try {
    await Promise.any(looks);
  } catch {
    return probes === mine; // there is no line at all: who asks finds out
  }
  mine.abort();
  return probes === mine;
}
