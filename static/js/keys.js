/* Keys that work on every page: `/`, `?`, `g` and a letter; pages add their own with `key`. */
import { here } from "./here.js";
import { around, maybe } from "./dom.js";
import { closeDrop } from "./drops.js";

/** @type {Map<string, (event: KeyboardEvent) => unknown>} */
const own = new Map();
/** @type {Record<string, string>} */
const PAGES = { f: "/", s: "/sandboxes/", e: "/events/", c: "/cleanup/", l: "/limits/", m: "/cost/", ",": "/settings/" };
let going = -Infinity;

/**
 * `does` is called for that key; false says that nothing was done.
 * @param {string} name
 * @param {(event: KeyboardEvent) => unknown} does
 */
export const key = (name, does) => own.set(name, does);
const typing = (event) => around(event, "input, textarea, select, [contenteditable]");
const linked = (path) => document.querySelector(`.menu a[href="${path}"]`) !== null;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = typing(event);
  if (event.key === "Escape" && closeDrop()) return event.preventDefault();
  if (event.key === "Escape" && field) return void field.blur();
  if (field && !(field instanceof HTMLInputElement && field.type === "checkbox")) return;
  if (document.querySelector("dialog[open]")) return;
  const to = performance.now() - going < 1500 && PAGES[event.key] ? here(PAGES[event.key]) : "";
  if (to && linked(to)) return location.assign(to);
  going = event.key === "g" ? performance.now() : -Infinity;
  if (event.key === "/") {
    event.preventDefault();
    maybe("[data-search]")?.focus();
  } else if (event.key === "?") {
    maybe("#keys", HTMLDialogElement)?.showModal();
  } else {
    const does = own.get(event.key);
    if (does && does(event) !== false) event.preventDefault();
  }
});
