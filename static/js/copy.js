/* Every ID is copied in one click, and the button says so for a moment. */
import { around } from "./dom.js";

document.addEventListener("click", async (event) => {
  const button = around(event, "[data-copy], [data-copy-code]");
  const text = button?.dataset.copy ?? button?.parentElement?.querySelector("code")?.textContent?.replace(/\s+/g, " ");
  if (!button || !text || button.classList.contains("is-done")) return;
  event.preventDefault();
  await navigator.clipboard.writeText(text);
  button.classList.add("is-done");
  const label = button.getAttribute("aria-label") ?? "";
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => {
    button.classList.remove("is-done");
    button.setAttribute("aria-label", label);
  }, 1200);
});
