// The live part of the screens: the extension's dialog, the event stream of the agent's extension, the popups of calls.
// Every page works without it, except that calls do not pop up. One stream a browser: the tab that holds the lock
// listens and tells the others. Which tab shows the popups and how they are noticed is in attention.js.
/* global keepFront, prepareAlarm */
"use strict";

(() => {
  const page = document.body.dataset;
  const live = document.getElementById("live");
  const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const isVisible = () => document.visibilityState === "visible";

  dropNoticeFromAddress();
  openDialogsByLink();
  copyByButton();
  const typed = watchTyping();
  const alarm = prepareAlarm(page.ringing);
  if (page.formToken) watchOwnPage();
  if (page.formToken && page.extension) startListening();

  // A notice is for once: reloading the page or keeping its address must not repeat it.
  function dropNoticeFromAddress() {
    const address = new URL(location.href);
    if (!address.searchParams.has("aviso")) return;
    address.searchParams.delete("aviso");
    history.replaceState(history.state, "", address);
  }

  function openDialogsByLink() {
    document.addEventListener("click", (event) => {
      const closer = event.target.closest("[data-closes]");
      if (closer) closer.closest("dialog").close();
      const opener = event.target.closest("[data-opens]");
      const dialog = opener && document.getElementById(opener.dataset.opens);
      if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      dialog.showModal();
      const field = dialog.querySelector("input:not([type=hidden])");
      field.focus();
      field.select();
    });
  }

  // A secret is shown once: a button takes it to the clipboard, where the browser lets it.
  function copyByButton() {
    for (const button of document.querySelectorAll("[data-copies]")) {
      const field = document.getElementById(button.dataset.copies);
      button.hidden = false;
      button.addEventListener("click", async () => {
        field.select();
        try {
          await navigator.clipboard.writeText(field.value);
        } catch {
          if (!document.execCommand("copy")) return; // it stands selected
        }
        button.textContent = button.dataset.copied;
      });
    }
  }

  // Whether something stands in a form of this page that leaving it would lose.
  function watchTyping() {
    const state = { isUnsaved: false };
    for (const form of document.querySelectorAll("form[data-typed]")) {
      if (form.querySelector("[aria-invalid]")) state.isUnsaved = true;
      form.addEventListener("input", () => (state.isUnsaved = true));
      form.addEventListener("submit", () => (state.isUnsaved = false));
    }
    return state;
  }

  function say(sentence, link) {
    const notice = document.createElement("div");
    notice.className = "notice is-warning";
    const text = document.createElement("p");
    text.textContent = sentence;
    notice.append(text);
    if (link) notice.append(link);
    live.replaceChildren(notice);
  }

  // Shows what belongs to how the agent stands: "none" without an extension, "active", or "paused".
  function stand(standing) {
    for (const element of document.querySelectorAll("[data-when]")) {
      element.hidden = !element.dataset.when.split(" ").includes(standing);
    }
  }

  function markSeen(token, formToken) {
    const post = () =>
      fetch(`/chamadas/${token}/vista`, { method: "POST", headers: { "X-Form-Token": formToken }, keepalive: true });
    if (isVisible()) return post().catch(() => {});
    document.addEventListener("visibilitychange", function seen() {
      if (!isVisible()) return;
      document.removeEventListener("visibilitychange", seen);
      post().catch(() => {});
    });
  }

  // The page of a call shows it already: it counts as seen and does not pop up on top of itself.
  function watchOwnPage() {
    const call = document.querySelector("[data-call]");
    if (call && page.extension) markSeen(call.dataset.call, page.formToken);
  }

  function startListening() {
    const indicator = document.getElementById("connection");
    const shown = rememberShown();
    // Pages of another log-in have another stream; the name is known to this site's pages alone.
    const name = `soap-service ${page.formToken}`;
    const popups = queuePopups();
    const hasTabs = "BroadcastChannel" in window;
    const tabs = hasTabs ? new BroadcastChannel(name) : { postMessage() {}, close() {} };
    let stream = null;
    let failures = 0;
    let isGone = false;

    tabs.onmessage = ({ data }) => receive(data);
    if (hasTabs && navigator.locks) {
      navigator.locks.request(name, () => new Promise(connect)).catch(() => {});
      tabs.postMessage({ kind: "newcomer" });
    } else {
      connect();
    }

    function tellAll(message) {
      tabs.postMessage(message);
      receive(message);
    }

    function receive(message) {
      if (isGone) return;
      if (message.kind === "call") announce(message.token);
      else if (message.kind === "handled") popups.withdraw(message.token);
      else if (message.kind === "connection") showConnection(message.isOpen);
      else if (message.kind === "newcomer") welcome();
      else if (message.kind === "waiting") message.tokens.forEach(popups.show);
      else if (message.kind === "lost") loseExtension(message.sentence);
      else if (message.kind === "moved") showExtension(message.number);
      else if (message.kind === "loggedOut") sayLoggedOut();
      else if (message.kind === "standing") showStanding(message);
    }

    // What was missed and whether calls pause, as this page was made: the other tabs were made before.
    tabs.postMessage({
      kind: "standing",
      missed: Number(document.querySelector("#missed [data-count]").textContent),
      isPaused: page.standing === "paused",
    });

    function connect() {
      if (isGone) return;
      stream = new EventSource("/eventos");
      stream.onopen = () => {
        failures = 0;
        tellAll({ kind: "connection", isOpen: true });
      };
      stream.onerror = () => {
        tellAll({ kind: "connection", isOpen: false });
        if (stream.readyState === EventSource.CLOSED) reconnect(stream);
      };
      stream.addEventListener("chamada", (event) => tellAll({ kind: "call", token: JSON.parse(event.data).token }));
      stream.addEventListener("atendimento", (event) => {
        const { perdidas: missed, pausa: pause } = JSON.parse(event.data);
        tellAll({ kind: "standing", missed: missed && Number(missed), isPaused: pause && pause === "S" });
      });
      stream.addEventListener("ramal", (event) => {
        const { ramal: number, mensagem: sentence } = JSON.parse(event.data);
        tellAll(number ? { kind: "moved", number } : { kind: "lost", sentence });
      });
    }

    // How many calls were missed, and whether calls pause; of either, what the event tells.
    function showStanding({ missed, isPaused }) {
      if (missed !== undefined) showMissed(missed);
      if (isPaused !== undefined) stand(isPaused ? "paused" : "active");
    }

    function showMissed(number) {
      const sign = document.getElementById("missed");
      sign.hidden = number === 0;
      sign.querySelector("[data-count]").textContent = number;
      document.title = (number ? `(${number}) ` : "") + document.title.replace(/^\(\d+\) /, "");
    }

    // A page that has just been opened learns what the others know.
    function welcome() {
      if (stream) tabs.postMessage({ kind: "connection", isOpen: isOpen() });
      const tokens = popups.waiting();
      if (tokens.length) tabs.postMessage({ kind: "waiting", tokens });
    }

    const isOpen = () => stream !== null && stream.readyState === EventSource.OPEN;

    // The browser reconnects by itself after a broken line, but gives up after an answer that is no stream.
    async function reconnect(failed) {
      failures += 1;
      if (failures % 5 === 1 && (await isLoggedOut())) tellAll({ kind: "loggedOut" });
      await wait(Math.min(3000 * (1 + Math.floor(failures / 10)), 15000));
      if (stream === failed) connect();
    }

    async function isLoggedOut() {
      try {
        return (await fetch("/ramal", { method: "HEAD", redirect: "manual" })).type === "opaqueredirect";
      } catch {
        return false;
      }
    }

    function showConnection(isConnected) {
      const words = isConnected ? indicator.dataset.connected : indicator.dataset.connecting;
      if (indicator.textContent !== words) indicator.textContent = words;
      indicator.title = words; // where there is little room only the sign is seen
      indicator.classList.toggle("is-lost", !isConnected);
      document.dispatchEvent(new CustomEvent("soap-service-connection", { detail: isConnected }));
      if (isConnected && live.querySelector("[data-log-in]")) live.replaceChildren();
    }

    // Another tab of this agent changed the extension: the stream goes on with the new one.
    function showExtension(number) {
      for (const shownNumber of document.querySelectorAll("[data-registered]")) {
        shownNumber.textContent = shownNumber.dataset.registered.replace("{}", number);
      }
    }

    function loseExtension(sentence) {
      isGone = true;
      if (stream) stream.close();
      stream = null;
      for (const shownNumber of document.querySelectorAll("[data-none]")) {
        shownNumber.textContent = shownNumber.dataset.none;
        shownNumber.classList.remove("is-registered");
        shownNumber.classList.add("is-none");
      }
      for (const outdated of document.querySelectorAll(".notice.is-good")) outdated.remove();
      indicator.remove();
      stand("none");
      showMissed(0);
      say(sentence);
    }

    function announce(token) {
      if (shown.has(token)) return;
      shown.add(token);
      popups.show(token);
    }

    // The calls this tab has shown. Kept over a reload from when they were on the screen: one that came while the page
    // was being left has not been shown yet.
    function rememberShown() {
      const key = "soap-service calls shown";
      let kept = [];
      try {
        kept = JSON.parse(sessionStorage.getItem(key)) || [];
      } catch {
        // Without storage a reload may show a call twice.
      }
      const tokens = [...kept];
      const own = document.querySelector("[data-call]");
      if (own) tokens.push(own.dataset.call);
      return {
        has: (token) => tokens.includes(token),
        add: (token) => tokens.push(token),
        keep(token) {
          kept = [...kept, token].slice(-100);
          try {
            sessionStorage.setItem(key, JSON.stringify(kept));
          } catch {
            // As above.
          }
        },
      };
    }

    // Popups one after another: the next call waits until the one before it is closed.
    function queuePopups() {
      const waiting = [];
      const handled = new Set();
      let current = null;
      const front = keepFront(`${name} front`, next, stepBack);

      async function next() {
        if (current || !waiting.length || !front.isHere()) return;
        current = { token: waiting.shift(), dialog: null };
        const mine = current;
        const content = await fetchPopup(mine.token);
        if (content && current === mine) open(mine, content);
        else if (current === mine) finish();
      }

      // Another tab came to the front: the popup goes there.
      function stepBack() {
        if (!current) return;
        const { token, dialog } = current;
        current = null;
        waiting.unshift(token);
        if (dialog) dialog.close("elsewhere");
      }

      function open(popup, content) {
        const focusedBefore = document.activeElement;
        const titleBefore = document.title;
        const dialog = document.createElement("dialog");
        dialog.className = "popup";
        dialog.append(content);
        const title = dialog.querySelector("h2");
        dialog.setAttribute("aria-labelledby", title.id);
        dialog.addEventListener("close", () => {
          dialog.remove();
          document.title = titleBefore;
          if (focusedBefore && focusedBefore.isConnected) focusedBefore.focus();
          if (dialog.returnValue === "elsewhere") return;
          handled.add(popup.token);
          tabs.postMessage({ kind: "handled", token: popup.token });
          finish();
        });
        const form = dialog.querySelector("form");
        const opened = performance.now();
        const wasTyping = focusedBefore && focusedBefore.matches("input, select, textarea");
        form.addEventListener("submit", (event) => {
          // A key that was meant for the field where somebody was typing answers no call.
          if (wasTyping && performance.now() - opened < 700) return event.preventDefault();
          // What is being typed on this page must not be lost to a call.
          if (typed.isUnsaved) form.target = "_blank";
          tabs.postMessage({ kind: "handled", token: popup.token });
          if (typed.isUnsaved) setTimeout(() => dialog.close());
          return undefined;
        });
        document.body.append(dialog);
        popup.dialog = dialog;
        document.title = page.ringing;
        dialog.showModal();
        shown.keep(popup.token);
        alarm.ring(popup.token, dialog);
        form.querySelector("[data-answers]").focus();
        markSeen(popup.token, form.elements.form_token.value);
      }

      function finish() {
        current = null;
        next();
      }

      return {
        show(token) {
          if (waiting.includes(token) || handled.has(token) || (current && current.token === token)) return;
          waiting.push(token);
          next();
        },
        waiting: () => (current ? [current.token, ...waiting] : [...waiting]),
        withdraw(token) {
          handled.add(token);
          if (waiting.includes(token)) waiting.splice(waiting.indexOf(token), 1);
          if (!current || current.token !== token) return;
          if (current.dialog) current.dialog.close();
          else finish();
        },
      };
    }

    // The inside of a call's popup; null when there is none to show. A broken line is tried again.
    async function fetchPopup(token) {
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        try {
          const answer = await fetch(`/chamadas/${token}/janela`, { headers: { Accept: "text/html" } });
          if (answer.ok) {
            const template = document.createElement("template");
            template.innerHTML = await answer.text();
            return template.content;
          }
          if (answer.status === 401) return sayLoggedOut();
          if (answer.status < 500) return null;
        } catch {
          // No answer at all: as with a failing server, try again.
        }
        await wait(1000 * attempt);
      }
      return null;
    }

    function sayLoggedOut() {
      const link = document.createElement("a");
      link.href = `/entrar?${new URLSearchParams({ para: location.pathname + location.search })}`;
      link.className = "button";
      link.dataset.logIn = "";
      link.textContent = page.logIn;
      say(page.loggedOut, link);
      return null;
    }
  }
})();
