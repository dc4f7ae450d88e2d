// Rows of a list that are chosen for one action: how many, and all of the page at once.

const form = document.getElementById("chosen");
const all = document.getElementById("choose-all");
const rows = [...document.querySelectorAll('input[name="escolhida"]')];

export function countChosenRows() {
  if (!form) return;
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const row of rows) row.checked = all.checked;
    show();
  });
  for (const row of rows) row.addEventListener("change", show);
}

function show() {
  const count = rows.filter((row) => row.checked).length;
  all.checked = count === rows.length;
  all.indeterminate = count > 0 && count < rows.length;
  const said = form.querySelector(".bulk-count");
  said.dataset.none ??= said.textContent;
  if (!count) said.textContent = said.dataset.none;
  else said.textContent = count === 1 ? said.dataset.one : said.dataset.many.replace("{}", count);
}
