// Sentences above a page's content that screen readers speak at once.

const region = document.getElementById("live");

export function warn(sentence, link) {
  showNotice(region, sentence, link);
}

/** Takes the warning away if it has an element that the selector finds. */
export function withdrawWarning(selector) {
  if (region.querySelector(selector)) region.replaceChildren();
}

/** Shows a sentence in a region, in the place of what it showed, with what can be done about it. */
export function showNotice(place, sentence, action) {
  const notice = document.createElement("div");
  notice.className = "notice is-warning";
  const text = document.createElement("p");
  text.textContent = sentence;
  notice.append(text);
  if (action) notice.append(action);
  place.replaceChildren(notice);
}
