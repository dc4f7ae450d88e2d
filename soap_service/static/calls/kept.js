// The stack of calls as a tab keeps it over the pages it goes to. It belongs to an agent: the next one at this desk does
// not get it.

import { keep, page, recall } from "../page/page.js";

const KEY = "soap-service stack";

/** Returns `{ calls, opened, isHidden, isInUse }`, of each call what `described` in one.js says. */
export function recallStack() {
  const kept = recall("sessionStorage", KEY);
  return kept && kept.agent === page.agent ? kept : { calls: [], opened: null, isHidden: false, isInUse: false };
}

export function keepStack(stack) {
  keep("sessionStorage", KEY, { ...stack, agent: page.agent });
}
