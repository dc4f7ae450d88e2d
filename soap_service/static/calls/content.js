// The inside of a call's popup, as the server makes it.

import { wait } from "../page/page.js";
import { warnOfLogout } from "../live/login.js";

/** Returns it as a fragment; null when there is none to show. A broken line is tried again. */
export async function fetchPopup(token) {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const answer = await get(`/chamadas/${token}/janela`);
    if (answer && answer.ok) return fragmentOf(await answer.text());
    if (answer && answer.status < 500) {
      if (answer.status === 401) warnOfLogout();
      return null;
    }
    await wait(1000 * attempt);
  }
  return null;
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
