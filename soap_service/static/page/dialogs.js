/** Links marked `data-opens` open a dialog of the page, buttons marked `data-closes` close theirs. */
export function openDialogsByLink() {
  document.addEventListener("click", (event) => {
    close(event.target.closest("[data-closes]"));
    open(event, event.target.closest("[data-opens]"));
  });
}

function close(button) {
  if (button) button.closest("dialog").close();
}

function open(event, link) {
  const dialog = link && document.getElementById(link.dataset.opens);
  if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  dialog.showModal();
  const field = dialog.querySelector("input:not([type=hidden])");
  if (!field) return;
  field.focus();
  field.select();
}
