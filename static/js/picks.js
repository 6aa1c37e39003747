/* The selection: by key, so that rows may come and go; a bar with count and cost, and what can be done to all of them. */
import { ask } from "./dialog.js";
import { all, around, find, maybe } from "./dom.js";
import { usd, whole } from "./format.js";

const table = maybe("[data-rows]");
const total = () => Number(find("[data-total]").dataset.total);
const rowsOf = (state = "") => (table ? all(`tr[data-key]${state}`, HTMLTableRowElement, table) : []);
const live = () => rowsOf(":not(.is-gone)");
/** @type {Map<string, { burn: number, orphan: boolean }>} by key */
const chosen = new Map();
/** @type {HTMLTableRowElement | null} */
let last = null;
let matching = false;

const keyOf = (row) => row.dataset.key ?? "";

/**
 * @param {HTMLElement} row
 * @param {boolean} [on]
 */
export function pick(row, on = !chosen.has(keyOf(row))) {
  choose([row], on);
}

export function clearPicks() {
  const had = chosen.size > 0;
  chosen.clear();
  matching = false;
  if (table) tell();
  return had;
}

/* The keyboard's way to what can be done with the selection; without one there is nothing to go to. */
export function toActions() {
  const bar = maybe("[data-bulk]");
  if (!bar || bar.hidden) return false;
  find("[data-bulk-act]", HTMLElement, bar).focus();
  return true;
}

/**
 * Rows that come back into view show what they were.
 * @param {Iterable<HTMLElement>} rows
 */
export function show(rows) {
  for (const row of rows) mark(row);
}

function mark(row) {
  const on = matching || chosen.has(keyOf(row));
  find("[data-pick]", HTMLInputElement, row).checked = on && !row.classList.contains("is-gone");
  row.classList.toggle("sel", on);
}

function tell() {
  show(rowsOf());
  const bar = find("[data-bulk]"), every = find("[data-all]", HTMLInputElement), more = find("[data-bulk-every]", HTMLElement, bar);
  const rows = live(), count = matching ? total() : chosen.size;
  bar.hidden = count === 0;
  every.checked = count > 0 && rows.every((row) => matching || chosen.has(keyOf(row)));
  every.indeterminate = count > 0 && !every.checked;
  const many = total();
  more.hidden = matching || many <= chosen.size || !every.checked;
  more.textContent = `Select all ${whole(many)} that match`;
  const burn = [...chosen.values()].reduce((sum, one) => sum + one.burn, 0);
  const orphans = [...chosen.values()].filter((one) => one.orphan).length;
  find("[data-bulk-count]", HTMLElement, bar).textContent = matching ? `All ${whole(many)} that match` : `${whole(count)} selected`;
  find("[data-bulk-sum]", HTMLElement, bar).textContent = matching
    ? "counted and priced exactly before anything is done"
    : `${usd(burn)}/h together${orphans ? ` · ${whole(orphans)} orphaned` : ""}`;
  find("[data-bulk-act=kill]", HTMLElement, bar).textContent = matching ? "Kill all…" : `Kill ${whole(count)}…`;
}

function choose(rows, on) {
  for (const row of rows) {
    if (on) chosen.set(keyOf(row), { burn: Number(row.dataset.burn), orphan: "orphan" in row.dataset });
    else chosen.delete(keyOf(row));
  }
  matching = false;
  tell();
}

if (table) {
  const bar = find("[data-bulk]"), every = find("[data-all]", HTMLInputElement);
  table.addEventListener("click", (event) => {
    const box = around(event, "[data-pick]", HTMLInputElement), row = box?.closest("tr");
    if (!box || !row) return;
    const rows = live();
    const [from, to] = event.shiftKey && last ? [rows.indexOf(last), rows.indexOf(row)].sort((a, b) => a - b) : [-1, -1];
    choose(from < 0 ? [row] : rows.slice(from, to + 1), box.checked);
    last = row;
  });
  every.addEventListener("change", () => {
    if (every.checked) choose(live(), true);
    else clearPicks();
  });
  find("[data-bulk-every]", HTMLElement, bar).addEventListener("click", () => {
    matching = true;
    tell();
    find("[data-bulk-act=protect]", HTMLElement, bar).focus();
  });
  bar.addEventListener("click", (event) => {
    const act = around(event, "[data-bulk-act]")?.dataset.bulkAct;
    if (!act) return;
    if (matching) ask(act, [], { filter: table.dataset.address || "?" });
    else ask(act, [...chosen.keys()]);
  });
  document.addEventListener("acted", clearPicks);
  document.addEventListener("row-gone", (event) => {
    if (chosen.delete(event.detail)) tell();
  });
}
