/* The selection: by key, so that rows may come and go; a bar with count and cost, and what can be done to all of them. */
import { ask } from "./dialog.js";
import { usd, whole } from "./format.js";

const table = document.querySelector("[data-rows]");
const bar = document.querySelector("[data-bulk]");
const every = document.querySelector("[data-all]");
const all = bar?.querySelector("[data-bulk-every]");
const total = () => Number(document.querySelector("[data-total]").dataset.total);
const live = () => [...table.querySelectorAll("tr[data-key]:not(.is-gone)")];
const chosen = new Map(); // key → burn, orphan
let last = null, matching = false;

export function pick(row, on = !chosen.has(row.dataset.key)) {
  matching = false;
  if (on) chosen.set(row.dataset.key, { burn: Number(row.dataset.burn), orphan: "orphan" in row.dataset });
  else chosen.delete(row.dataset.key);
  tell();
}

export function clearPicks() {
  const had = chosen.size > 0;
  chosen.clear();
  matching = false;
  if (table) tell();
  return had;
}

/* Rows that come back into view show what they were. */
export function show(rows) {
  for (const row of rows) mark(row);
}

function mark(row) {
  const on = matching || chosen.has(row.dataset.key);
  row.querySelector("[data-pick]").checked = on && !row.classList.contains("is-gone");
  row.classList.toggle("sel", on);
}

function tell() {
  show(table.querySelectorAll("tr[data-key]"));
  const rows = live(), count = matching ? total() : chosen.size;
  bar.hidden = count === 0;
  every.checked = count > 0 && rows.every((row) => matching || chosen.has(row.dataset.key));
  every.indeterminate = count > 0 && !every.checked;
  const many = total();
  all.hidden = matching || many <= chosen.size || !every.checked;
  all.textContent = `Select all ${whole(many)} that match`;
  const burn = [...chosen.values()].reduce((sum, one) => sum + one.burn, 0);
  const orphans = [...chosen.values()].filter((one) => one.orphan).length;
  bar.querySelector("[data-bulk-count]").textContent = matching ? `All ${whole(many)} that match` : `${whole(count)} selected`;
  bar.querySelector("[data-bulk-sum]").textContent = matching
    ? "counted and priced exactly before anything is done"
    : `${usd(burn)}/h together${orphans ? ` · ${whole(orphans)} orphaned` : ""}`;
  bar.querySelector("[data-bulk-act=kill]").textContent = matching ? "Kill all…" : `Kill ${whole(count)}…`;
}

function choose(rows, on) {
  for (const row of rows) {
    if (on) chosen.set(row.dataset.key, { burn: Number(row.dataset.burn), orphan: "orphan" in row.dataset });
    else chosen.delete(row.dataset.key);
  }
  matching = false;
  tell();
}

if (table) {
  table.addEventListener("click", (event) => {
    const box = event.target.closest("[data-pick]");
    if (!box) return;
    const rows = live(), row = box.closest("tr");
    const [from, to] = event.shiftKey && last ? [rows.indexOf(last), rows.indexOf(row)].sort((a, b) => a - b) : [-1, -1];
    choose(from < 0 ? [row] : rows.slice(from, to + 1), box.checked);
    last = row;
  });
  every.addEventListener("change", () => {
    if (every.checked) choose(live(), true);
    else clearPicks();
  });
  all.addEventListener("click", () => {
    matching = true;
    tell();
    bar.querySelector("[data-bulk-act=protect]").focus();
  });
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-bulk-act]");
    if (!button) return;
    if (matching) ask(button.dataset.bulkAct, [], { filter: table.dataset.address || "?" });
    else ask(button.dataset.bulkAct, [...chosen.keys()]);
  });
  document.addEventListener("acted", clearPicks);
  document.addEventListener("row-gone", (event) => {
    if (chosen.delete(event.detail)) tell();
  });
}
