/* The selection: checkbox and tint, a bar with count and cost, and what can be done to all of them. */
import { ask } from "./dialog.js";
import { usd, whole } from "./format.js";

const table = document.querySelector("[data-rows]");
const bar = document.querySelector("[data-bulk]");
const every = document.querySelector("[data-all]");
const live = () => [...table.querySelectorAll("tr[data-key]:not(.is-gone)")];
const picked = () => live().filter((row) => row.querySelector("[data-pick]").checked);
let last = null;

export function pick(row, on = !row.querySelector("[data-pick]").checked) {
  row.querySelector("[data-pick]").checked = on;
  tell();
}

export function clearPicks() {
  const rows = picked();
  for (const row of rows) row.querySelector("[data-pick]").checked = false;
  tell();
  return rows.length > 0;
}

function tell() {
  const rows = picked();
  for (const row of table.querySelectorAll("tr[data-key]")) row.classList.toggle("sel", rows.includes(row));
  bar.hidden = !rows.length;
  every.checked = rows.length > 0 && rows.length === live().length;
  every.indeterminate = rows.length > 0 && !every.checked;
  const burn = rows.reduce((sum, row) => sum + Number(row.dataset.burn), 0);
  const orphans = rows.filter((row) => row.querySelector(".s-orph")).length;
  bar.querySelector("[data-bulk-count]").textContent = `${whole(rows.length)} selected`;
  bar.querySelector("[data-bulk-sum]").textContent = `${usd(burn)}/h together${orphans ? ` · ${whole(orphans)} orphaned` : ""}`;
  bar.querySelector("[data-bulk-act=kill]").textContent = `Kill ${whole(rows.length)}…`;
}

if (table) {
  table.addEventListener("click", (event) => {
    const box = event.target.closest("[data-pick]");
    if (!box) return;
    const rows = live(), row = box.closest("tr");
    if (event.shiftKey && last) {
      const [from, to] = [rows.indexOf(last), rows.indexOf(row)].sort((a, b) => a - b);
      for (const between of rows.slice(Math.max(0, from), to + 1)) between.querySelector("[data-pick]").checked = box.checked;
    }
    last = row;
    tell();
  });
  every.addEventListener("change", () => {
    for (const row of live()) row.querySelector("[data-pick]").checked = every.checked;
    tell();
  });
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-bulk-act]");
    if (button) ask(button.dataset.bulkAct, picked().map((row) => row.dataset.key));
  });
  document.addEventListener("acted", clearPicks);
  document.addEventListener("row-gone", tell);
}
