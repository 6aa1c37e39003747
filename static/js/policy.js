/* A policy's form: its preview follows what is typed; a limit of the table of others is taken into its box by a click. */
import "./live.js";

const form = document.querySelector("#policy-form");
const preview = document.querySelector("#preview");

document.addEventListener("click", (event) => {
  const use = event.target.closest("[data-use]");
  const box = use && form?.elements[use.dataset.use];
  if (!box) return;
  box.value = use.dataset.value;
  box.focus();
  box.dispatchEvent(new Event("change", { bubbles: true }));
});
for (const [name, busy] of [["htmx:beforeRequest", "true"], ["htmx:afterRequest", "false"]]) {
  form?.addEventListener(name, () => preview.setAttribute("aria-busy", busy));
}
