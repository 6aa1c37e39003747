/* The Cleanup page: read anew after an action and every few seconds, unless a dialog or the pointer holds it. */
import { on, show } from "./live.js";

const EVERY = 5_000;
let last = Date.now();

function again() {
  last = Date.now();
  htmx.trigger(document.body, "live:cleanup");
}

on("frame", () => {
  if (Date.now() - last > EVERY && !document.querySelector("dialog[open], details[open], [data-cleanup] button:focus, [data-cleanup] tr:hover")) again();
});
on("actions", again);
document.addEventListener("acted", again);
show({ page: "cleanup" });
