// What is typed in a reply box is kept in this browser, by agent and request, until it is sent, discarded or the agent
// logs out: never sent by itself, and nothing of it is there for the next agent at the same browser.

import { keep, page, recall } from "../page/page.js";

const PREFIX = "soap-service draft";
const LONGEST = 12 * 60 * 60 * 1000; // milliseconds
const FIELDS = ["tarefa", "grupo", "responsavel"];

export function keepDrafts() {
  if (!page.agent) return;
  forget((key) => !key.startsWith(`${PREFIX} ${page.agent} `) || isOld(key));
  for (const form of document.querySelectorAll("form[data-draft]")) keepDraft(form);
  document.querySelector('form[action="/sair"]')?.addEventListener("submit", () => forget(() => true));
}

function keepDraft(form) {
  const key = `${PREFIX} ${page.agent} ${form.dataset.draft}`;
  const draft = recall("localStorage", key);
  form.addEventListener("input", () => {
    const values = valuesOf(form);
    if (isEmpty(values)) drop(key);
    else keep("localStorage", key, { at: Date.now(), form: form.elements.chave.value, values });
  });
  form.querySelector("[data-draft-discard]").addEventListener("click", () => discard(form, key));
  if (draft && form.dataset.sent.split(" ").includes(draft.form)) drop(key);
  else if (draft && isEmpty(valuesOf(form)) && !form.querySelector("[aria-invalid]")) restore(form, draft.values);
}

/** The note, and each field that was changed, with what it was before. */
function valuesOf(form) {
  const values = { anotacao: form.elements.anotacao.value };
  for (const name of FIELDS) {
    const before = form.elements[`${name}_antes`].value;
    const field = form.elements[name];
    if (field && field.value !== before) values[name] = [before, field.value];
  }
  return values;
}

function isEmpty(values) {
  return !values.anotacao.trim() && Object.keys(values).length === 1;
}

/** Puts a draft back; a field that somebody else has changed since is left as it is. */
function restore(form, values) {
  form.elements.anotacao.value = values.anotacao;
  for (const name of FIELDS) {
    const isSame = values[name] && form.elements[`${name}_antes`].value === values[name][0];
    if (isSame && form.elements[name]) form.elements[name].value = values[name][1];
  }
  form.querySelector("[data-draft-notice]").hidden = false;
  form.dispatchEvent(new Event("input", { bubbles: true })); // it is unsaved, as when it was typed
}

function discard(form, key) {
  form.reset();
  drop(key);
  form.querySelector("[data-draft-notice]").hidden = true;
  form.elements.anotacao.focus();
}

function forget(isForgotten) {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX) && isForgotten(key)) drop(key);
  } catch {
    // A browser that keeps nothing has no drafts.
  }
}

function isOld(key) {
  const draft = recall("localStorage", key);
  return !draft || !(Date.now() - draft.at < LONGEST);
}

function drop(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // As above.
  }
}
