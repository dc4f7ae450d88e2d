// The calls this tab has shown. Kept over a reload from when they were on the screen: one that came while the page was
// being left has not been shown yet, and without storage a reload may show a call twice.

import { keep, recall } from "../page/page.js";

const KEY = "soap-service calls shown";

let kept = recall("sessionStorage", KEY) || [];
const own = document.querySelector("article[data-call]");
const tokens = new Set(own ? [...kept, own.dataset.call] : kept);

export const wasShown = (token) => tokens.has(token);

/** Whether this page is that of the call. */
export const isOwnPage = (token) => Boolean(own) && own.dataset.call === token;

export const noteShown = (token) => tokens.add(token);

export function keepShown(token) {
  kept = [...kept, token].slice(-100);
  keep("sessionStorage", KEY, kept);
}
