/* The question before an action: asked of the server, shown as a dialog; a kill of many waits for the count typed. */
import { all, around, find, maybe } from "./dom.js";

const dialog = maybe("#ask", HTMLDialogElement);

/**
 * `keys` of sandboxes, or more of them than can be named: `{ filter }`, an address of the table.
 * @param {string} kind
 * @param {string[]} keys
 * @param {{ filter?: string }} [rest]
 */
export function ask(kind, keys, rest = {}) {
  const values = { kind, key: keys, ...rest };
  return htmx.ajax("POST", "/act/ask/", { target: "#ask", swap: "innerHTML", values }).catch(() => undefined); // cutoff.js says why
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (!dialog || event.target !== dialog || dialog.open) return;
  dialog.showModal();
  ["[data-typed]", ".input", "[data-close]"].map((one) => maybe(one, HTMLElement, dialog)).find(Boolean)?.focus();
});
document.addEventListener("input", (event) => {
  const box = event.target, wanted = box instanceof HTMLInputElement && box.dataset.typed;
  if (wanted && box.form) find("[type=submit]", HTMLButtonElement, box.form).disabled = box.value.trim() !== wanted;
});
document.addEventListener("click", (event) => {
  if (around(event, "[data-close]")) around(event, "dialog", HTMLDialogElement)?.close();
  else if (event.target instanceof HTMLDialogElement) event.target.close();
  const act = around(event, "[data-act]")?.dataset.act, acts = around(event, "[data-acts]")?.dataset.acts;
  if (act && acts) ask(act, [acts]);
});
document.addEventListener("acted", () => dialog?.close());

/* The browser gives the focus back to what opened a dialog; where that has gone, the table's row or the page takes it. */
function keepFocus() {
  const { activeElement } = document;
  if (activeElement && activeElement !== document.body && activeElement.checkVisibility()) return;
  const place = maybe("tr.cur") ?? maybe("#main");
  if (!place) return;
  if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}
for (const one of all("dialog")) one.addEventListener("close", keepFocus);
