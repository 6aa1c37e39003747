/* A part of the page that is read anew keeps the keyboard's place: what had the focus has it again, if it is still there. */
import { all } from "./dom.js";

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
/** @type {string | null} */
let held = null;

/* What an element is, however often it is made anew. */
const likeness = (element) =>
  [element.tagName, element.id, ...["href", "hx-post", "name", "value", "aria-label"].map((name) => element.getAttribute(name)), element.textContent?.trim()].join("\n");

const hold = () => {
  const { activeElement } = document;
  if (activeElement && activeElement !== document.body) held = likeness(activeElement);
};

document.addEventListener("htmx:beforeSwap", hold);
document.addEventListener("htmx:oobBeforeSwap", hold);
document.addEventListener("htmx:afterSettle", () => {
  const wanted = held;
  held = null;
  if (wanted === null || (document.activeElement && document.activeElement !== document.body)) return;
  all(FOCUSABLE).find((element) => likeness(element) === wanted)?.focus({ preventScroll: true });
});
