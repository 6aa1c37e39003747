/* The Sandboxes page: the rows in view are live, the keyboard moves through them, the selection has its bar. */
import { key } from "./keys.js";
import { pick, clearPicks } from "./picks.js";
import { follow } from "./rows.js";

const table = document.querySelector("[data-rows]");

function move(by) {
  const rows = [...table.querySelectorAll("tr[data-key]")];
  const at = rows.findIndex((row) => row.classList.contains("cur"));
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))] ?? rows[0];
  if (!next) return;
  rows[at]?.classList.remove("cur");
  next.classList.add("cur");
  next.scrollIntoView({ block: "nearest" });
}
const current = () => table.querySelector("tr.cur");

if (table) {
  follow(table);
  key("j", () => move(1));
  key("k", () => move(-1));
  key("x", () => current() && pick(current()));
  key("Enter", () => (current() && document.activeElement === document.body ? location.assign(current().dataset.href) : false));
  key("Escape", () => (clearPicks() ? undefined : current()?.classList.remove("cur")));
}
