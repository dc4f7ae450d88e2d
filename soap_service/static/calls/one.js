// One call on the screen: its popup, its line in the list, its age and what became of it.

import { isInSight } from "./seen.js";

const words = document.getElementById("calls-panel")?.dataset;

export class OnScreen {
  /** `known` is what `described` said in another tab or on another page. */
  constructor(known) {
    this.token = known.token;
    /** Whether it was shown, here or in another tab: then it neither rings nor takes the focus again. */
    this.isKnown = Boolean(known.isKnown);
    this.isSeen = Boolean(known.isSeen);
    this.answeredBy = known.answeredBy || "";
    this.transferredTo = known.transferredTo || "";
    this.popup = null;
    this.line = null;
    this.bornAt = 0;
    /** When the server took it, in seconds: two that come at once are told apart by it, whichever was fetched first. */
    this.createdAt = 0;
    this.lifetime = Infinity;
    this.takeNotificationAway = () => {};
  }

  get described() {
    const { token, isKnown, isSeen, answeredBy, transferredTo } = this;
    return { token, isKnown, isSeen, answeredBy, transferredTo };
  }

  /** Takes what the server made of the call. */
  adopt(content) {
    this.popup = content.querySelector(".popup");
    this.line = content.querySelector(".call-line");
    this.ringingTitle = this.heading.textContent;
    this.createdAt = Number(this.popup.dataset.created || 0);
    this.bornAt = Date.now() - Number(this.popup.dataset.age) * 1000;
    this.lifetime = Number(this.popup.dataset.lifetime) * 1000;
    this.learn(this.popup.dataset);
  }

  /** Takes what the server says of its state: another browser may have seen or answered it. */
  learn({ state, by, to }) {
    if (["vista", "atendida"].includes(state)) this.isSeen = true;
    if (state === "atendida") this.answeredBy = this.answeredBy || by || "—";
    if (to) this.transferredTo = to;
  }

  get heading() {
    return this.popup.querySelector(".call-title");
  }

  get caller() {
    return this.line.querySelector(".line-caller").textContent;
  }

  get isOver() {
    return Date.now() - this.bornAt > this.lifetime;
  }

  get isAnswered() {
    return this.answeredBy !== "";
  }

  /** Whether somebody may still be waiting on the telephone. */
  get isRinging() {
    return this.isWaiting && !this.isOver;
  }

  get isWaiting() {
    return !this.isAnswered && !this.transferredTo;
  }

  get isMissed() {
    return this.isWaiting && this.isOver && !this.isSeen;
  }

  /** Whether the agent can see it: its caller and its age, in the popup or in the list. */
  get isInSight() {
    const entry = this.popup.isConnected ? this.popup : this.line;
    const caller = entry.querySelector(".line-caller, .facts dd, .unknown-title");
    return entry.isConnected && isInSight(entry, [caller, entry.querySelector(".call-age")]);
  }

  /** Writes its age and what became of it. */
  write() {
    for (const entry of [this.popup, this.line]) {
      entry.classList.toggle("is-missed", this.isMissed);
      entry.classList.toggle("is-ringing", this.isRinging);
    }
    put(this.heading, this.isRinging ? this.ringingTitle : words[this.#title]);
    put(this.popup.querySelector(".call-age"), this.#state);
    put(this.line.querySelector(".call-age"), this.transferredTo ? `${this.#state} · ${words.open}` : this.#state);
    this.popup.querySelector(".call-head").classList.toggle("is-live", this.isRinging);
  }

  get #title() {
    if (this.isAnswered) return "titleAnswered";
    if (this.transferredTo) return "titleTransferred";
    return this.isSeen ? "titleOver" : "titleMissed";
  }

  get #state() {
    if (this.isAnswered) return words.answered.replace("{}", this.answeredBy);
    if (this.transferredTo) return words.transferred.replace("{}", this.transferredTo);
    return this.isMissed ? `${words.missed} · ${this.#age}` : this.#age;
  }

  get #age() {
    const seconds = Math.max(0, Math.floor((Date.now() - this.bornAt) / 1000));
    if (seconds < 120) return words.seconds.replace("{}", seconds);
    if (seconds < 7200) return words.minutes.replace("{}", Math.floor(seconds / 60));
    return words.hours.replace("{}", Math.floor(seconds / 3600));
  }
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
