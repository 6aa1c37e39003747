/* What drops down (menus, small forms): Escape closes it and the focus is back where it was opened; so does leaving it. */
import { all, find } from "./dom.js";

const opened = () => all("details.drop[open]", HTMLDetailsElement);

/* The innermost that is open, closed; false when none is. */
export function closeDrop() {
  const drop = opened().at(-1);
  if (!drop) return false;
  drop.open = false;
  find("summary", HTMLElement, drop).focus();
  return true;
}

/** @param {Event} event */
function closeOthers(event) {
  for (const drop of opened()) {
    if (event.target instanceof Node && !drop.contains(event.target)) drop.open = false;
  }
}

for (const elsewhere of ["click", "focusin"]) document.addEventListener(elsewhere, closeOthers);
