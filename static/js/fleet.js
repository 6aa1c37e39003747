/* The Fleet page: figures, sparklines, honeycomb and charts, moved by the socket, or as they were at a past second. */
import { withQuery } from "./here.js";
import { choices } from "./honeycomb/choice.js";
import { Honeycomb } from "./honeycomb/honeycomb.js";
import { find } from "./dom.js";
import { labels } from "./endlabels.js";
import { begin, drawSparks, fill, growSparks } from "./figures.js";
import { clock, percent, whole } from "./format.js";
import { Gaps } from "./gaps.js";
import { on, show } from "./live.js";
import { Past } from "./past/past.js";
import { Strip } from "./past/strip.js";
import { Plot } from "./plots.js";
import { onTheme } from "./theme.js";

const HOUR = 3600, NEEDS_EVERY = 10_000, NEEDS_SOON = 1_000;

/* ---------- honeycomb */
const comb = new Honeycomb(find("[data-comb]"), { scale: find("[data-scale]"), keys: find(".keys"), says: find("[data-comb-says]") });
choices(comb, find(".comb-sec"));

/* ---------- charts */
const QUIET = 60, AGAIN_MS = 3000;
/** @type {Record<string, (at: number | null) => void>} */
const readouts = {};
/** @type {Record<string, Gap[]>} */
const breaks = { cpu: [], mem: [], day: [] };
/**
 * @param {string} name
 * @param {string[]} trace
 * @param {(value: number | null) => string} unit
 */
function chart(name, trace, unit) {
  const host = find(`[data-plot=${name}]`), out = find(`[data-readout=${name}]`);
  const over = new Gaps(host);
  const plot = new Plot(host, { onHover: (at) => hover(at), onMoved: moved });
  function moved() {
    if (name !== "day") labels(plot, host, trace);
    const axes = plot.axes();
    if (axes) over.draw(axes, breaks[name], { cover: true });
  }
  plot.sharesZoom = name !== "day";
  if (name !== "day") readouts[name] = (at) => {
    const said = at && plot.ready ? nearest(plot, at) : null;
    out.textContent = said ? `${clock(said.t / 1000)}  ${said.values.map((v, i) => `${trace[i]} ${unit(v)}`).join("  ")}` : "";
  };
  return plot;
}
const hover = (at) => Object.values(readouts).forEach((read) => read(at == null ? null : new Date(at).getTime()));

/** @param {Plot} plot */
function nearest(plot, at) {
  const x = plot.data[0].x;
  let low = 0, high = x.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < at) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && at - x[low - 1] < x[low] - at) low -= 1;
  return x.length ? { t: x[low], values: plot.data.map((trace) => trace.y[low]) } : null;
}

const shortPercent = (v) => percent(v, 0);
const cpu = chart("cpu", ["median", "p95"], shortPercent), mem = chart("mem", ["median", "p95"], shortPercent), day = chart("day", [""], whole);
/* A point after a long silence: what lies between was not measured. */
/** @param {Plot} plot */
function grow(plot, name, at, values, lengthSeconds, quiet) {
  const last = plot.ready ? (plot.data[0].x.at(-1) ?? NaN) / 1000 : at;
  if (at - last > quiet) breaks[name].push({ start: last, end: at, why: "no polls" });
  plot.append(at, values, { lengthSeconds });
}

/* The page is there before its charts are asked for; on a bad line they are asked for again. */
async function drawCharts() {
  const answer = await fetch(withQuery(find(".charts").dataset.charts, Object.fromEntries(new URLSearchParams(location.search)))).catch(() => null);
  const told = answer?.ok ? await answer.json().catch(() => null) : null;
  if (!told) return void setTimeout(drawCharts, AGAIN_MS);
  breaks.day = told.gaps.day;
  dayline = told.day.data[0];
  if (past.at === null) begin(told.sparks);
  if (!asking) await showHour(told);
  await day.draw(told.day);
  strip.draw();
}

async function showHour(told) {
  drawSparks(told.sparks);
  for (const [name, plot] of Object.entries({ cpu, mem })) {
    breaks[name] = told.gaps[name];
    plot.zoomed = false;
    await plot.draw(told[name]);
  }
}

/* ---------- the past */
const QUIET_DAY = 900;
/** @type {Live.Figures | null} */
let latest = null;
/** @type {AbortController | null} */
let asking = null;
/** @type {PlotTrace | null} */
let dayline = null;
const strip = new Strip(find("[data-strip]"), { onMove: (at) => past.go(at), countAt, readout: find("[data-readout=day]") });
const past = new Past(find("[data-past]"), { comb, strip, page: { figures: (told) => (fill(told.figures, told.exact_t ?? told.t), count(told.roster)), hour, live } });

/* How many ran then, as the last day's line has it, or run now; null inside a gap and before the record begins. */
/** @param {number | null} at */
function countAt(at) {
  if (at === null) return latest ? latest.running : null;
  const trace = day.ready ? day.data[0] : dayline;
  if (!trace?.x.length || breaks.day.some((gap) => at > gap.start && at < gap.end)) return null;
  const { x } = trace, far = (i) => Math.abs(x[i] / 1000 - at);
  let best = 0;
  for (let i = 1; i < x.length; i += 1) if (far(i) <= far(best)) best = i;
  return far(best) < QUIET_DAY ? trace.y[best] : null;
}

/* The hour before `at`, or before now: charts and sparklines. The newest question wins. */
/** @param {number | null} [at] */
async function hour(at = null) {
  asking?.abort();
  const mine = (asking = new AbortController());
  if (at !== null) htmx.ajax("GET", withQuery(find("#around").dataset.around, { at }), { target: "#around", swap: "innerHTML" });
  const answer = await fetch(withQuery(find("[data-strip]").dataset.hour, at === null ? {} : { at }), { signal: mine.signal }).catch(() => null);
  const told = answer?.ok ? await answer.json().catch(() => null) : null;
  if (!told || mine.signal.aborted) return;
  if (at === null) begin(told.sparks);
  await showHour(told);
}

function live() {
  if (latest) {
    fill(latest);
    count(null);
  }
  hour();
}

function templates() {
  const names = new Set();
  for (const cell of comb.live.byKey.values()) names.add(cell.template);
  return names.size;
}

/** @param {Live.Columns | null} roster */
function count(roster) {
  const many = roster ? roster.key.length : comb.live.byKey.size;
  const groups = roster ? new Set(roster.template).size : templates();
  find("[data-of]").textContent = `${whole(groups)} ${groups === 1 ? "template" : "templates"}, ${whole(many)} sandboxes`;
}

/* ---------- all of it, live */
const TICK = Number(document.body.dataset.tick); // a tick comes in parts: once for all of them is enough
const later = (does) => requestIdleCallback(() => past.at === null && does(), { timeout: 1000 }); // each a task of its own
let newest = 0, dayAt = 0, needsAt = performance.now();
/** @type {number | null} as many as the sentences know of */
let orphans = null;
on("fleet", (message) => {
  const figures = (latest = message.figures), isLive = past.at === null;
  comb.take(message);
  if (isLive) {
    count(null);
    fill(figures);
  }
  if (figures.at && figures.at - newest > TICK / 2) {
    newest = figures.at;
    growSparks(figures);
    if (isLive) {
      drawSparks();
      later(() => grow(cpu, "cpu", figures.at, [figures.cpu_p50, figures.cpu_p95], HOUR, 2.5 * QUIET));
      later(() => grow(mem, "mem", figures.at, [figures.mem_p50, figures.mem_p95], HOUR, 2.5 * QUIET));
    }
    if (figures.at - dayAt > 60) {
      grow(day, "day", figures.at, [figures.running], 24 * HOUR, 16 * QUIET);
      dayAt = figures.at;
    }
  }
  orphans ??= figures.orphans;
  if (isLive && performance.now() - needsAt > (figures.orphans === orphans ? NEEDS_EVERY : NEEDS_SOON)) {
    needsAt = performance.now();
    orphans = figures.orphans;
    htmx.trigger(document.body, "live:needs");
  }
});
document.addEventListener("frozen", () => htmx.trigger(document.body, "live:needs"));
onTheme(() => drawSparks());
show({ page: "fleet" });
past.begin();
drawCharts();
