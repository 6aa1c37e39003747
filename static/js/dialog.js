/* The question before an action: asked of the server, shown as a dialog; a kill of many waits for the count typed. */
const dialog = document.querySelector("#ask");

/* `keys` of sandboxes, or more of them than can be named: `{ filter }`, an address of the table. */
export function ask(kind, keys, rest = {}) {
  return htmx.ajax("POST", "/act/ask/", { target: "#ask", swap: "innerHTML", values: { kind, key: keys, ...rest } });
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target !== dialog || dialog.open) return;
  dialog.showModal();
  (dialog.querySelector("[data-typed]") ?? dialog.querySelector(".input") ?? dialog.querySelector("[data-close]"))?.focus();
});
document.addEventListener("input", (event) => {
  const wanted = event.target.dataset?.typed;
  if (wanted) event.target.form.querySelector("[type=submit]").disabled = event.target.value.trim() !== wanted;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  else if (event.target instanceof HTMLDialogElement) event.target.close();
  const button = event.target.closest("[data-act]");
  if (button) ask(button.dataset.act, [button.closest("[data-acts]").dataset.acts]);
});
document.addEventListener("acted", () => dialog.close());
/* A menu that drops down closes when the next click is elsewhere. */
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.drop[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
