/* One sentence for who hears the page instead of seeing it: a change is told once, and nothing that ticks is in it. */
import { find } from "./dom.js";

/** @param {string} sentence */
export function announce(sentence) {
  find("[data-announcer]").textContent = sentence;
}
