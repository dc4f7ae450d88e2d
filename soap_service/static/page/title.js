// The page's title, and what stands before it or in its place: how many calls were missed, and that one is coming in.

import { page } from "./page.js";

const MISSED = /^\(\d+\) /;

const name = document.title.replace(MISSED, "");
let missed = (document.title.match(MISSED) || [""])[0];
let isRinging = false;

export function showMissedInTitle(number) {
  missed = number ? `(${number}) ` : "";
  write();
}

export function showRingingInTitle(value) {
  isRinging = value;
  write();
}

function write() {
  const title = isRinging ? page.ringing : missed + name;
  if (document.title !== title) document.title = title;
}
