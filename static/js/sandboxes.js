/* The Sandboxes page: the rows in view are live, the keyboard moves through all of them, the selection has its bar. */
import "./columns.js";
import { key } from "./keys.js";
import { clearPicks, pick, show } from "./picks.js";
import "./progress.js";
import { follow, unwatch, watch } from "./rows.js";
import { Scroller } from "./scroll.js";

const table = document.querySelector("[data-rows]");
const box = document.querySelector("[data-scroll]");
let at = -1, chosen = null; // the keyboard's place in the whole list, and the key that stands there

function point(rows) {
  for (const row of rows) row.classList.toggle("cur", row.dataset.key === chosen);
}

async function move(list, by) {
  at = Math.max(0, at < 0 ? list.top : at + by);
  const row = await list.row(at);
  if (!row) return;
  chosen = row.dataset.key;
  at = list.indexOf(chosen);
  point(table.querySelectorAll("tr[data-key]"));
  row.scrollIntoView({ block: "nearest" });
}

const current = () => table.querySelector("tr.cur");
const unmark = () => {
  chosen = null;
  point(table.querySelectorAll("tr[data-key]"));
};

if (table) {
  const list = new Scroller(box, table, (came, went) => {
    watch(came);
    unwatch(went);
    show(came);
    point(came);
  });
  follow(table);
  key("j", () => void move(list, 1));
  key("k", () => void move(list, -1));
  key("x", () => current() && pick(current()));
  key("Enter", () => (current() && document.activeElement === document.body ? location.assign(current().dataset.href) : false));
  key("Escape", () => (clearPicks() ? undefined : unmark()));
}
