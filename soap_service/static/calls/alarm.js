// What an agent who looks elsewhere notices of a call: a notification of the browser, if they asked for it, and a
// sound, unless they switched it off. Both are remembered by this browser.

import { isVisible, page } from "../page/page.js";

const SOUND = "soap-service sound";
const canNotify = "Notification" in window;
const asker = document.getElementById("ask-to-notify");
const mute = document.getElementById("sound");
const rung = new Set();

/** Makes the page's buttons for notifications and the sound work, where it has them. */
export function offerAlarm() {
  if (asker) asker.addEventListener("click", () => Notification.requestPermission().then(showChoices));
  if (mute) mute.addEventListener("click", switchSound);
  showChoices();
}

/** Rings once for a call; `dialog` is its popup. */
export function ring(token, dialog) {
  if (rung.has(token)) return;
  rung.add(token);
  if (hasSound()) play();
  if (!isVisible() && canNotify && Notification.permission === "granted") notify(token, dialog);
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
    localStorage.setItem(SOUND, hasSound() ? "off" : "on");
  } catch {
    // Without storage the sound stays as it is.
  }
  showChoices();
  if (hasSound()) play();
}

function showChoices() {
  if (asker) asker.hidden = !canNotify || Notification.permission !== "default";
  if (!mute) return;
  mute.hidden = false;
  mute.setAttribute("aria-pressed", String(hasSound()));
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
function notify(token, dialog) {
  const body = dialog.querySelector(".call-meta").innerText;
  const notification = new Notification(page.ringing, { body, tag: token });
  notification.addEventListener("click", () => {
    window.focus();
    notification.close();
  });
  dialog.addEventListener("close", () => notification.close());
}
