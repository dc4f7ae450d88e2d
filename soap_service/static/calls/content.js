// The inside of a call's popup, as the server makes it.

import { wait } from "../page/page.js";
import { warnOfLogout } from "../live/login.js";

/**
 * Returns it as a fragment, of a call that is over only if `isOld`; null when there is none to show, and undefined when
 * nobody can say. A broken line is tried again.
 */
export async function fetchPopup(token, isOld = false) {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const answer = await get(`/chamadas/${token}/janela${isOld ? "?antiga=S" : ""}`);
    if (answer && answer.ok) return fragmentOf(await answer.text());
    if (answer && answer.status === 401) return warnOfLogout();
    if (answer && answer.status < 500) return null;
    await wait(1000 * attempt);
  }
  return undefined;
}

async function get(address) {
  try {
    return await fetch(address, { headers: { Accept: "text/html" } });
  } catch {
    return null;
  }
}

function fragmentOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}
