// The sentence above a page's content that screen readers speak at once.

const region = document.getElementById("live");

export function warn(sentence, link) {
  const notice = document.createElement("div");
  notice.className = "notice is-warning";
  const text = document.createElement("p");
  text.textContent = sentence;
  notice.append(text);
  if (link) notice.append(link);
  region.replaceChildren(notice);
}

/** Takes the warning away if it has an element that the selector finds. */
export function withdrawWarning(selector) {
  if (region.querySelector(selector)) region.replaceChildren();
}
