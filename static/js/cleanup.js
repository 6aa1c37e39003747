/* The Cleanup page: read anew after an action and every few seconds, unless a dialog or the pointer holds it. */
import { maybe } from "./dom.js";
import { on, show } from "./live.js";

const EVERY = 5_000;
let last = performance.now();

function again() {
  last = performance.now();
  htmx.trigger(document.body, "live:cleanup");
}

/* `#freeze` is what the palette and the band lead to: the question of the freeze opens, or the way to lift it has the focus. */
function openFreeze() {
  if (location.hash !== "#freeze") return;
  const place = maybe("#freeze");
  if (place instanceof HTMLDetailsElement) place.open = true;
  maybe("#freeze input[name=reason], #freeze button")?.focus();
}

addEventListener("hashchange", openFreeze);
addEventListener("load", () => setTimeout(openFreeze)); // the browser clears the focus when it has found the hash
on("frame", () => {
  if (performance.now() - last > EVERY && !document.querySelector("dialog[open], details[open], [data-cleanup] button:focus, [data-cleanup] tr:hover")) again();
});
on("actions", again);
document.addEventListener("acted", again);
document.addEventListener("frozen", again);
show({ page: "cleanup" });
