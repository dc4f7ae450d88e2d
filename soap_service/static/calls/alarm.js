// What an agent who looks elsewhere notices of a call: a notification of the browser, if they asked for it, and a
// sound, unless they switched it off. Both are remembered by this browser.

import { isVisible, page } from "../page/page.js";
import { subscribe } from "../live/events.js";
import { publishToOtherTabs } from "../live/tabs.js";

const SOUND = "soap-service sound";
const canNotify = "Notification" in window;
const asker = document.getElementById("ask-to-notify");
const mute = document.getElementById("sound");
const rung = new Set();

/** Makes the choices of notifications and the sound work on the page that has them. */
export function offerAlarm() {
  if (asker) asker.addEventListener("click", () => Notification.requestPermission().then(showChoices));
  if (mute) mute.addEventListener("change", switchSound);
  subscribe("rung", ({ token }) => rung.add(token));
  showChoices();
}

/**
 * Rings once for a call, in whichever tab, and returns what takes its notification away. What a browser refuses, as those
 * of Android do with `new Notification`, keeps nothing else from happening.
 */
export function ring(token, body) {
  if (rung.has(token)) return () => {};
  rung.add(token);
  publishToOtherTabs({ kind: "rung", token });
  if (hasSound()) attempt(play);
  const isWanted = !isVisible() && canNotify && Notification.permission === "granted";
  const notification = isWanted && attempt(() => notify(token, body));
  return () => notification && notification.close();
}

function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

// Kept as it stands, "on" or "off".
function hasSound() {
  try {
    return localStorage.getItem(SOUND) !== "off";
  } catch {
    return true;
  }
}

function switchSound() {
  try {
    localStorage.setItem(SOUND, mute.checked ? "on" : "off");
  } catch {
    // Without storage the sound stays as it is.
  }
  showChoices();
  if (hasSound()) play();
}

function showChoices() {
  if (!mute) return;
  document.querySelector("[data-alarm]").hidden = false;
  mute.checked = hasSound();
  const permission = canNotify ? Notification.permission : "denied";
  asker.hidden = permission !== "default";
  for (const said of document.querySelectorAll("[data-notifications]")) {
    said.hidden = said.dataset.notifications !== permission;
  }
}

/** Two short tones, made here. A browser that has not been touched yet stays silent. */
function play() {
  if (!window.AudioContext) return;
  const audio = new AudioContext();
  const volume = audio.createGain();
  volume.connect(audio.destination);
  volume.gain.value = 0.15;
  [660, 880].forEach((pitch, index) => playTone(audio, volume, pitch, index * 0.2));
  setTimeout(() => audio.close().catch(() => {}), 800);
}

function playTone(audio, volume, pitch, delay) {
  const tone = audio.createOscillator();
  tone.frequency.value = pitch;
  tone.connect(volume);
  tone.start(audio.currentTime + delay);
  tone.stop(audio.currentTime + delay + 0.16);
}

/** No name and no document: a notification may be read by whoever passes the desk. */
function notify(token, body) {
  const notification = new Notification(page.ringing, { body, tag: token });
  notification.addEventListener("click", () => {
    window.focus();
    notification.close();
  });
  return notification;
}
