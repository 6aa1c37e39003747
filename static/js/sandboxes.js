/* The Sandboxes page: the rows in view are live, the keyboard moves through all of them, the selection has its bar. */
import "./columns.js";
import { all, find, maybe } from "./dom.js";
import { key } from "./keys.js";
import { clearPicks, pick, show } from "./picks.js";
import "./progress.js";
import { follow, unwatch, watch } from "./rows.js";
import { Scroller } from "./scroll.js";

const table = maybe("[data-rows]");
let at = -1; // the keyboard's place in the whole list
/** @type {string | null} the key that stands there */
let chosen = null;

const rows = () => (table ? all("tr[data-key]", HTMLTableRowElement, table) : []);

/** @param {Iterable<HTMLElement>} rows */
function point(rows) {
  for (const row of rows) row.classList.toggle("cur", row.dataset.key === chosen);
}

/**
 * @param {Scroller} list
 * @param {number} by
 */
async function move(list, by) {
  at = Math.max(0, at < 0 ? list.top : at + by);
  const row = await list.row(at);
  if (!row) return;
  chosen = row.dataset.key ?? null;
  at = list.indexOf(row.dataset.key);
  point(rows());
  row.scrollIntoView({ block: "nearest" });
}

const current = () => table && maybe("tr.cur", HTMLTableRowElement, table);
const unmark = () => {
  chosen = null;
  point(rows());
};

if (table) {
  const list = new Scroller(find("[data-scroll]"), table, (came, went) => {
    watch(came);
    unwatch(went);
    show(came);
    point(came);
  });
  follow(table);
  key("j", () => void move(list, 1));
  key("k", () => void move(list, -1));
  key("x", () => {
    const row = current();
    return row && pick(row);
  });
  key("Enter", () => {
    const href = document.activeElement === document.body && current()?.dataset.href;
    return href ? location.assign(href) : false;
  });
  key("Escape", () => (clearPicks() ? undefined : unmark()));
}
