/* The column picker: a column moves one place at a time, by pointer or keyboard; the order sent is the order seen. */
import { around } from "./dom.js";

document.addEventListener("click", (event) => {
  const button = around(event, "[data-move]");
  if (!button) return;
  const item = button.closest("[data-column]");
  if (!item) return;
  const other = Number(button.dataset.move) < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (Number(button.dataset.move) < 0) other.before(item);
  else other.after(item);
  button.focus();
});
