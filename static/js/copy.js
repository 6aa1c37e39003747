/* Every ID is copied in one click, and the button says so for a moment. */
import { around } from "./dom.js";

document.addEventListener("click", async (event) => {
  const button = around(event, "[data-copy]"), text = button?.dataset.copy;
  if (!button || !text) return;
  event.preventDefault();
  await navigator.clipboard.writeText(text);
  button.classList.add("is-done");
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => {
    button.classList.remove("is-done");
    button.setAttribute("aria-label", `Copy ${text}`);
  }, 1200);
});
