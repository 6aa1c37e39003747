/* Keys that work on every page: `/`, `?`, `g` and a letter; pages add their own with `key`. */
const own = new Map();
const PAGES = { f: "/", s: "/sandboxes/", e: "/events/", c: "/cleanup/", m: "/cost/", ",": "/settings/" };
let going = 0;

export const key = (name, does) => own.set(name, does);
const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
const linked = (path) => document.querySelector(`.menu a[href="${path}"]`) !== null;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) return void event.target.blur();
  if (typing(event.target) && event.target.type !== "checkbox") return;
  if (document.querySelector("dialog[open]")) return;
  if (Date.now() - going < 1500 && PAGES[event.key] && linked(PAGES[event.key])) return location.assign(PAGES[event.key]);
  going = event.key === "g" ? Date.now() : 0;
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("[data-search]")?.focus();
  } else if (event.key === "?") {
    document.querySelector("#keys")?.showModal();
  } else if (own.has(event.key) && own.get(event.key)(event) !== false) {
    event.preventDefault();
  }
});
