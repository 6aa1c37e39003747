/* Live cells of the rows in view: only those are asked for, and only what changed is written. */
import { all, find, maybe } from "./dom.js";
import { percent, sizeOf, usd, whole } from "./format.js";
import { on, show } from "./live.js";
import { stateMark } from "./marks.js";
import { measure, spark } from "./spark.js";
import { onTheme } from "./theme.js";
import { setTime } from "./times.js";

const MOST_POINTS = 60, SPARK_SECONDS = 14, ASK_MS = 10_000;
/** @type {Set<string>} */
const seen = new Set();
/** @type {Map<string, number[]>} key → CPU of the last quarter of an hour */
const sparks = new Map();
/** @type {Map<string, Live.Row>} key → the row as last told: only rows that moved are sent */
const known = new Map();
/** @type {number | null} */
let total = null;
let sparkAt = 0, toldAt = performance.now();

const keyOf = (row) => row.dataset.key ?? "";

const eye = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) seen.add(keyOf(target));
    else seen.delete(keyOf(target));
  }
  ask();
}, { rootMargin: "200px" });

/** @param {HTMLElement} table */
export function follow(table) {
  watch(all("tr[data-key]", HTMLTableRowElement, table));
  on("rows", (message) => take(table, message));
  onTheme(() => sparks.forEach((_, key) => drawSpark(table, key)));
}

/** @param {Iterable<HTMLElement>} rows */
export function watch(rows) {
  for (const row of rows) eye.observe(row);
}

/** @param {Iterable<HTMLElement>} rows */
export function unwatch(rows) {
  for (const row of rows) {
    eye.unobserve(row);
    seen.delete(keyOf(row));
  }
  ask();
}

let asked = 0;
function ask() {
  clearTimeout(asked);
  asked = setTimeout(() => show({ page: "sandboxes", rows: [...seen].map(Number) }), 80);
}

/** @param {HTMLElement} table */
const row = (table, key) => maybe(`tr[data-key="${key}"]`, HTMLTableRowElement, table);
/** @param {HTMLElement} line */
const cellOf = (line, name) => maybe(`[data-cell=${name}]`, HTMLElement, line);
/** @param {HTMLElement | null} cell */
const put = (cell, words) => {
  if (cell && cell.textContent !== words) cell.textContent = words;
};

/**
 * @param {HTMLElement} table
 * @param {Live.RowsMessage} message
 */
function take(table, { figures, rows, sparks: told }) {
  measure(Object.keys(told).flatMap((key) => sparkOf(table, key) ?? []));
  for (const [key, values] of Object.entries(told)) {
    sparks.set(key, values);
    drawSpark(table, key);
  }
  const grows = figures.at !== null && figures.at - sparkAt >= SPARK_SECONDS;
  if (grows && figures.at) sparkAt = figures.at;
  for (const told of rows) known.set(String(told[0]), told);
  for (const key of seen) {
    const now = known.get(key);
    if (now) write(table, figures, now, grows);
  }
  tellNew(table, figures);
}

/**
 * @param {HTMLElement} table
 * @param {Live.Figures} figures
 * @param {Live.Row} row
 * @param {boolean} grows
 */
function write(table, figures, [key, state, orphan, actAt, endAt, cpu, used, allocated], grows) {
  const line = row(table, key);
  if (!line) return;
  const is = state !== "ended" && orphan !== "none";
  const look = `${state}${is}`;
  if (line.dataset.look !== look) {
    if (line.dataset.look || line.dataset.state !== state) cellOf(line, "state")?.replaceChildren(stateMark(state, is));
    line.dataset.look = look;
    line.dataset.state = state;
    line.toggleAttribute("data-orphan", is);
  }
  if (state === "ended") return leave(line);
  put(cellOf(line, "cpu"), percent(state === "running" ? cpu : null));
  put(cellOf(line, "mem"), sizeOf(used, allocated));
  fillBar(line.querySelector(".bar"), used, allocated);
  writeEnd(cellOf(line, "end"), state, actAt, endAt);
  const { cost, burn, at } = line.dataset;
  put(cellOf(line, "cost"), usd(Number(cost) + (state === "running" ? (Number(burn) * (figures.now - Number(at))) / 3600 : 0)));
  const values = sparks.get(String(key));
  if (grows && values) {
    values.push(cpu ?? -1);
    while (values.length > MOST_POINTS) values.shift();
    drawSpark(table, key);
  }
  return undefined;
}

/* The page's clock moves the words: here only which time they are of. */
/** @param {HTMLElement | null} cell */
function writeEnd(cell, state, actAt, endAt) {
  if (!cell) return;
  const at = actAt ?? (state === "running" ? endAt : null);
  cell.classList.toggle("orph", Boolean(actAt));
  if (at === null) return put(cell, "–");
  let time = maybe("time", HTMLTimeElement, cell);
  if (!time || cell.textContent !== time.textContent) cell.replaceChildren((time = document.createElement("time")));
  return setTime(time, at, actAt ? "short-due" : "end");
}

function fillBar(bar, used, allocated) {
  if (!bar) return;
  const share = used && allocated ? Math.min(100, (100 * used) / allocated) : 0;
  bar.firstElementChild.setAttribute("width", share.toFixed(1));
  bar.classList.toggle("high", share > 95);
}

/** @param {HTMLElement} line */
function leave(line) {
  if (line.classList.contains("is-gone")) return;
  line.classList.add("is-gone");
  const box = find("[data-pick]", HTMLInputElement, line);
  box.checked = false;
  box.disabled = true;
  put(cellOf(line, "end"), "ended");
  document.dispatchEvent(new CustomEvent("row-gone", { detail: line.dataset.key }));
}

function sparkOf(table, key) {
  const line = row(table, key);
  return line && maybe("[data-spark]", SVGSVGElement, line);
}

function drawSpark(table, key) {
  const host = sparkOf(table, key), values = sparks.get(String(key));
  if (host && values) spark(host, values, { least: 0, most: 100 });
}

/* How many match that were not there when the page was loaded, whatever has ended meanwhile: asked when births are told. */
/** @param {HTMLElement} table */
async function tellNew(table, figures) {
  const now = figures.running + figures.paused, moved = now !== total || figures.started > 0;
  total = now;
  if (!moved || document.hidden || performance.now() - toldAt < ASK_MS) return;
  toldAt = performance.now();
  const base = table.dataset.address || "?";
  const answer = await fetch(`/table/new/${base}${base === "?" ? "" : "&"}after=${table.dataset.newest}`).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const told = await answer.json(), note = find("[data-new]"), count = find("[data-total]");
  note.hidden = told.new < 1;
  put(note, `Show ${whole(told.new)} more`);
  put(count, whole(told.total));
  count.dataset.total = told.total;
}
