/* The Events page: the newest rows are read anew while one looks at the top of the stream. */
import { on, show } from "./live.js";

const EVERY = 5_000, NEAR_TOP = 120;
let last = performance.now();

on("frame", () => {
  if (performance.now() - last < EVERY || scrollY > NEAR_TOP || document.querySelector("[data-events] tr:hover")) return;
  last = performance.now();
  htmx.trigger(document.body, "live:events");
});
show({ page: "events" });
