/* A facet of many values: what is typed leaves those that have it; all of them are there from the start. */
import { all, around, find, maybe } from "./dom.js";

document.addEventListener("input", (event) => {
  const field = around(event, "[data-facet-find]", HTMLInputElement), facet = field?.closest("[data-facet]");
  if (!field || !facet) return;
  const wanted = field.value.trim().toLowerCase(), rest = maybe("details", HTMLDetailsElement, facet);
  let left = 0;
  for (const value of all("a", HTMLAnchorElement, facet)) {
    value.hidden = !value.textContent?.toLowerCase().includes(wanted);
    if (!value.hidden) left += 1;
  }
  if (rest) rest.open = Boolean(wanted);
  find("[data-facet-none]", HTMLElement, facet).hidden = left > 0;
});
