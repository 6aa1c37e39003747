/* Live cells of the rows in view: only those are asked for, and only what changed is written. */
import { clock, percent, relative, sizeOf, usd, whole } from "./format.js";
import { on, show } from "./live.js";
import { stateMark } from "./marks.js";
import { measure, spark } from "./spark.js";
import { onTheme } from "./theme.js";

const MOST_POINTS = 60, SPARK_SECONDS = 14, ASK_MS = 10_000;
const seen = new Set();
const sparks = new Map(); // key → CPU of the last quarter of an hour
const known = new Map(); // key → the row as last told: only rows that moved are sent
let total = null, sparkAt = 0, toldAt = Date.now();

const eye = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) seen.add(target.dataset.key);
    else seen.delete(target.dataset.key);
  }
  ask();
}, { rootMargin: "200px" });

export function follow(table) {
  watch(table.querySelectorAll("tr[data-key]"));
  on("rows", (message) => take(table, message));
  onTheme(() => sparks.forEach((_, key) => drawSpark(table, key)));
}

export function watch(rows) {
  for (const row of rows) eye.observe(row);
}

export function unwatch(rows) {
  for (const row of rows) {
    eye.unobserve(row);
    seen.delete(row.dataset.key);
  }
  ask();
}

let asked = 0;
function ask() {
  clearTimeout(asked);
  asked = setTimeout(() => show({ page: "sandboxes", rows: [...seen].map(Number) }), 80);
}

const row = (table, key) => table.querySelector(`tr[data-key="${key}"]`);
const put = (cell, words) => {
  if (cell && cell.textContent !== words) cell.textContent = words;
};

function take(table, { figures, rows, sparks: told }) {
  measure(Object.keys(told).flatMap((key) => row(table, key)?.querySelector("[data-spark]") ?? []));
  for (const [key, values] of Object.entries(told)) {
    sparks.set(key, values);
    drawSpark(table, key);
  }
  const grows = figures.at && figures.at - sparkAt >= SPARK_SECONDS;
  if (grows) sparkAt = figures.at;
  for (const told of rows) known.set(String(told[0]), told);
  for (const key of seen) if (known.has(key)) write(table, figures, known.get(key), grows);
  tellNew(table, figures);
}

function write(table, figures, [key, state, orphan, actAt, endAt, cpu, used, allocated], grows) {
  const line = row(table, key);
  if (!line) return;
  const is = state !== "ended" && orphan !== "none";
  const look = `${state}${is}`;
  if (line.dataset.look !== look) {
    if (line.dataset.look || line.dataset.state !== state) line.querySelector("[data-cell=state]")?.replaceChildren(stateMark(state, is));
    line.dataset.look = look;
    line.dataset.state = state;
    line.toggleAttribute("data-orphan", is);
  }
  if (state === "ended") return leave(line);
  put(line.querySelector("[data-cell=cpu]"), percent(state === "running" ? cpu : null));
  put(line.querySelector("[data-cell=mem]"), sizeOf(used, allocated));
  fillBar(line.querySelector(".bar"), used, allocated);
  writeEnd(line.querySelector("[data-cell=end]"), figures.now, state, actAt, endAt);
  const { cost, burn, at } = line.dataset;
  put(line.querySelector("[data-cell=cost]"), usd(Number(cost) + (state === "running" ? (Number(burn) * (figures.now - at)) / 3600 : 0)));
  if (grows && sparks.has(String(key))) {
    const values = sparks.get(String(key));
    values.push(cpu ?? -1);
    while (values.length > MOST_POINTS) values.shift();
    drawSpark(table, key);
  }
  return undefined;
}

function writeEnd(cell, now, state, actAt, endAt) {
  if (!cell) return;
  const words = actAt ? `acts ${relative(actAt, now)}` : state === "running" && endAt ? relative(endAt, now) : "–";
  if (cell.textContent.trim() === words) return;
  cell.textContent = words;
  cell.classList.toggle("orph", Boolean(actAt));
  cell.title = actAt || endAt ? `${clock(actAt ?? endAt)} UTC` : "";
}

function fillBar(bar, used, allocated) {
  if (!bar) return;
  const share = used && allocated ? Math.min(100, (100 * used) / allocated) : 0;
  bar.firstElementChild.setAttribute("width", share.toFixed(1));
  bar.classList.toggle("high", share > 95);
}

function leave(line) {
  if (line.classList.contains("is-gone")) return;
  line.classList.add("is-gone");
  line.querySelector("[data-pick]").checked = false;
  line.querySelector("[data-pick]").disabled = true;
  put(line.querySelector("[data-cell=end]"), "ended");
  document.dispatchEvent(new CustomEvent("row-gone", { detail: line.dataset.key }));
}

function drawSpark(table, key) {
  const host = row(table, key)?.querySelector("[data-spark]");
  if (host) spark(host, sparks.get(String(key)), { least: 0, most: 100 });
}

/* How many match that were not there when the page was loaded, whatever has ended meanwhile: asked when births are told. */
async function tellNew(table, figures) {
  const now = figures.running + figures.paused, moved = now !== total || figures.started > 0;
  total = now;
  if (!moved || document.hidden || Date.now() - toldAt < ASK_MS) return;
  toldAt = Date.now();
  const base = table.dataset.address || "?";
  const answer = await fetch(`/table/new/${base}${base === "?" ? "" : "&"}after=${table.dataset.newest}`).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const told = await answer.json(), note = document.querySelector("[data-new]"), count = document.querySelector("[data-total]");
  note.hidden = told.new < 1;
  put(note, `Show ${whole(told.new)} more`);
  put(count, whole(told.total));
  count.dataset.total = told.total;
}
