/* The Fleet page's figures and the sparklines beside them. */
import { withQuery } from "./here.js";
import { all, find, maybe } from "./dom.js";
import { usd, whole } from "./format.js";
import { spark } from "./spark.js";

const SPARK_POINTS = 60;

const EXPECTED = ["timeout", "request"]; // all other reasons come first: they are what somebody has to look at
const REASONS_SECONDS = 3600;

/** @param {Record<string, number>} by */
export function reasons(by) {
  const late = (/** @type {string} */ reason) => Number(EXPECTED.includes(reason));
  return Object.entries(by).filter(([, count]) => count).sort(([a, n], [b, m]) => late(a) - late(b) || m - n || (a < b ? -1 : 1));
}

/**
 * Why sandboxes ended in the hour before `at` (null: now), each a link to them.
 * @param {Record<string, number>} by
 * @param {number | null} at
 */
function endedBy(by, at) {
  const host = find("[data-ended-by]"), said = JSON.stringify([by, at && Math.floor(at / 60)]);
  if (host.dataset.said === said) return;
  host.dataset.said = said;
  const iso = (/** @type {number} */ seconds) => new Date(1000 * seconds).toISOString();
  /** @type {Record<string, string>} */
  const span = at === null ? { ended_since: "1h" } : { ended_since: iso(at - REASONS_SECONDS), ended_until: iso(at) };
  const links = reasons(by).map(([reason, count]) => {
    const link = document.createElement("a");
    link.href = withQuery(host.dataset.endedBy, { state: "ended", ...span, reason });
    link.textContent = `${whole(count)} ${reason}`;
    return link;
  });
  host.replaceChildren(...links.flatMap((link, i) => (i ? [", ", link] : [link])), ...(links.length ? [] : ["none in the last hour"]));
}

/** @typedef {{ [K in keyof Live.Counts]: (value: Live.Counts[K]) => string }} Formats */

const one = (v) => (v == null ? "–" : v.toFixed(1)), none = (v) => (v == null ? "–" : v.toFixed(0));
const rate = (v) => (v < 10 ? one(v).replace(/\.0$/, "") : whole(v));
/** @type {Formats} */
const FORMATS = {
  running: whole, paused: whole, burn: usd, orphan_burn: usd, started: rate, ended: rate,
  cpu_p50: one, cpu_p95: none, mem_p50: none, mem_p95: none,
  ended_by: (by) => reasons(by).map(([reason, count]) => `${whole(count)} ${reason}`).join(", "),
};

/**
 * @template {keyof Live.Counts} K
 * @param {K} name
 * @param {Live.Counts} figures
 */
const words = (name, figures) => FORMATS[name](figures[name]);

/** @returns {name is keyof Live.Counts} */
const isFigure = (/** @type {string} */ name) => Object.hasOwn(FORMATS, name);

/**
 * @param {Live.Counts} figures
 * @param {number | null} at the second of the past that they are of; null: now
 */
export function fill(figures, at = null) {
  endedBy(figures.ended_by, at);
  for (const element of all("[data-fill]")) {
    const name = element.dataset.fill ?? "";
    const said = isFigure(name) ? words(name, figures) : null;
    if (said !== null && element.textContent !== said) element.textContent = said;
  }
  const cap = maybe("[data-cap]", SVGSVGElement);
  if (cap) find(".used", SVGElement, cap).setAttribute("width", String(Math.min(100, (100 * figures.running) / Number(cap.dataset.cap))));
}

/** @type {Record<string, (number | null)[]>} a value a minute, by the figure's name */
let sparks = {};
let minute = 0;

/** @param {typeof sparks} values the last hour, up to now */
export function begin(values) {
  sparks = values;
}

export function drawSparks(values = sparks) {
  for (const host of all("svg[data-spark]", SVGSVGElement)) spark(host, values[host.dataset.spark ?? ""] ?? []);
}

/** @param {Live.Figures} figures */
export function growSparks(figures) {
  const now = Math.floor(figures.now / 60);
  for (const [name, values] of Object.entries(sparks)) {
    if (now !== minute && minute) values.push(figures[name]);
    else values[Math.max(0, values.length - 1)] = figures[name];
    while (values.length > SPARK_POINTS) values.shift();
  }
  minute = now;
}
