// What the server says of this page and its agent, and what every module needs of the browser.

export const page = document.body.dataset;

export const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const isVisible = () => document.visibilityState === "visible";

/** What was kept under a key; null when there is nothing, or when the browser keeps nothing. */
export function recall(storage, key) {
  try {
    return JSON.parse(window[storage].getItem(key));
  } catch {
    return null;
  }
}

/** Keeps a value in `localStorage` or `sessionStorage`, if the browser lets it. */
export function keep(storage, key, value) {
  try {
    window[storage].setItem(key, JSON.stringify(value));
  } catch {
    // It holds for as long as the page is there.
  }
}
