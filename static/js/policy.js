/* A policy's form: its preview follows what is typed; a limit of the table of others is taken into its box by a click. */
import { around, find, maybe } from "./dom.js";
import "./live.js";

const form = maybe("#policy-form", HTMLFormElement);

document.addEventListener("click", (event) => {
  const use = around(event, "[data-use]");
  const box = form?.elements.namedItem(use?.dataset.use ?? "");
  if (!use || !(box instanceof HTMLInputElement)) return;
  box.value = use.dataset.value ?? "";
  box.focus();
  box.dispatchEvent(new Event("change", { bubbles: true }));
});
for (const [name, busy] of [["htmx:beforeRequest", "true"], ["htmx:afterRequest", "false"]]) {
  form?.addEventListener(name, () => find("#preview").setAttribute("aria-busy", busy));
}
