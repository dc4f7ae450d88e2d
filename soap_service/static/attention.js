// How an agent notices a call: in the one tab that is in front, by a notification, by a sound. Used by app.js.
"use strict";

/* exported keepFront, prepareAlarm */

// Which of the agent's tabs shows the popups: the one they looked at last. It holds a lock that whoever comes to the
// front takes, and that the next tab gets when this one is closed. Without locks every tab shows them.
function keepFront(lock, onArrival, onLeaving) {
  if (!navigator.locks) return { isHere: () => true };
  let isFront = false;
  let isQueued = false;
  let arrivals = 0;

  function ask(options, onGrant = () => {}) {
    let arrival = 0;
    const hold = () => {
      onGrant();
      arrival = arrivals += 1;
      isFront = true;
      onArrival();
      return new Promise(() => {});
    };
    // A lock of its own that this tab has taken anew is none that it has lost.
    navigator.locks.request(lock, options, hold).catch(() => arrival === arrivals && leave());
  }

  function queue() {
    if (isQueued) return;
    isQueued = true;
    ask({}, () => (isQueued = false));
  }

  function leave() {
    isFront = false;
    onLeaving();
    queue();
  }

  function come() {
    if (!isFront && document.visibilityState === "visible") ask({ steal: true });
  }

  queue();
  if (document.hasFocus()) come();
  addEventListener("focus", come);
  for (const event of ["visibilitychange", "pointerdown", "keydown"]) document.addEventListener(event, come, true);
  return { isHere: () => isFront };
}

// What an agent who looks elsewhere notices of a call: a notification of the browser, if they asked for it, and a
// sound, unless they switched it off. Both are remembered by this browser.
function prepareAlarm(title) {
  const soundKey = "soap-service sound";
  const rung = new Set();
  const canNotify = "Notification" in window;
  const asker = document.getElementById("ask-to-notify");
  const mute = document.getElementById("sound");

  const hasSound = () => read() !== "off";
  function read() {
    try {
      return localStorage.getItem(soundKey);
    } catch {
      return null;
    }
  }

  function showChoices() {
    if (asker) asker.hidden = !canNotify || Notification.permission !== "default";
    if (mute) mute.hidden = false;
    if (mute) mute.setAttribute("aria-pressed", String(hasSound()));
  }

  if (asker) asker.addEventListener("click", () => Notification.requestPermission().then(showChoices));
  if (mute) {
    mute.addEventListener("click", () => {
      try {
        localStorage.setItem(soundKey, hasSound() ? "off" : "on");
      } catch {
        // Without storage the sound stays as it is.
      }
      showChoices();
      if (hasSound()) play();
    });
  }
  showChoices();

  // Two short tones, made here. A browser that has not been touched yet stays silent.
  function play() {
    const Context = window.AudioContext;
    if (!Context) return;
    const audio = new Context();
    const volume = audio.createGain();
    volume.connect(audio.destination);
    volume.gain.value = 0.15;
    [660, 880].forEach((pitch, index) => {
      const tone = audio.createOscillator();
      tone.frequency.value = pitch;
      tone.connect(volume);
      tone.start(audio.currentTime + index * 0.2);
      tone.stop(audio.currentTime + index * 0.2 + 0.16);
    });
    setTimeout(() => audio.close().catch(() => {}), 800);
  }

  return {
    ring(token, dialog) {
      if (rung.has(token)) return;
      rung.add(token);
      if (hasSound()) play();
      if (document.visibilityState === "visible" || !canNotify || Notification.permission !== "granted") return;
      // No name and no document: a notification may be read by whoever passes the desk.
      const notification = new Notification(title, { body: dialog.querySelector(".call-meta").innerText, tag: token });
      notification.addEventListener("click", () => {
        window.focus();
        notification.close();
      });
      dialog.addEventListener("close", () => notification.close());
    },
  };
}
