/** A notice is for once: reloading the page or keeping its address must not repeat it. */
export function dropNoticeFromAddress() {
  const address = new URL(location.href);
  if (!address.searchParams.has("aviso")) return;
  address.searchParams.delete("aviso");
  history.replaceState(history.state, "", address);
}
