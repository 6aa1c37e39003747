/* The Cost page: draws its bars and trends, again after each swap; what burns moves live, sums are read anew each minute. */
import { all, around, maybe } from "./dom.js";
import { usd, whole } from "./format.js";
import { on, show } from "./live.js";
import { Plot } from "./plots.js";
import { spark } from "./spark.js";
import { onTheme } from "./theme.js";

const EVERY = 60_000;
/** @type {{ seconds: number, bucket: string, compared: boolean, figure: PlotFigure } | null} */
let chart = null;
/** @type {Plot | null} */
let plot = null;
let last = performance.now();

const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", timeZone: "UTC" });
const two = (n) => String(n).padStart(2, "0");

/* The bucket under the pointer, in words. */
function read(at) {
  const out = maybe("[data-readout]");
  if (!out || !plot || !chart) return;
  if (at == null) return void (out.textContent = "");
  const [cost, before, orphan, idle] = plot.data, width = chart.seconds * 1000, { compared } = chart;
  const i = cost.x.findIndex((x) => Math.abs(x - new Date(at).getTime()) <= width / 2);
  if (i < 0) return;
  const start = new Date(cost.x[i] - width / 2);
  const hour = chart.bucket === "day" ? "" : ` ${two(start.getUTCHours())}:00`;
  const said = [`${day.format(start)}${hour}`, usd(cost.y[i]), ...(compared ? [`before ${usd(before.y[i])}`] : []), `orphans ${usd(orphan.y[i])}`, `idle ${usd(idle.y[i])}`];
  out.textContent = said.join("  ");
}

/* The address may name a row, as the palette's links do: it is brought into view, once. */
let sought = new URLSearchParams(location.hash.slice(1)).get("of");
function seek() {
  const row = all("tr[data-of]", HTMLTableRowElement).find((one) => one.dataset.of === sought);
  if (!row) return;
  sought = null;
  row.classList.add("sought");
  row.scrollIntoView({ block: "center" });
  maybe("a", HTMLAnchorElement, row)?.focus({ preventScroll: true });
}

function draw() {
  const host = maybe("[data-plot=cost]"), told = maybe("#cost-chart");
  for (const one of all("[data-trend]", SVGSVGElement)) spark(one, JSON.parse(one.dataset.trend ?? "[]"));
  if (sought) seek();
  if (!host || !told || host.dataset.drawn) return;
  host.dataset.drawn = "yes";
  chart = JSON.parse(told.textContent);
  plot = new Plot(host, { onHover: read });
  if (chart) plot.draw(chart.figure);
}

document.body.addEventListener("htmx:afterSettle", draw);
for (const failed of ["htmx:responseError", "htmx:sendError"]) {
  document.body.addEventListener(failed, () => {
    const waits = maybe("[data-adding]");
    if (waits) waits.textContent = "Costs could not be loaded. Retrying within a minute.";
  });
}
document.body.addEventListener("click", (event) => {
  if (around(event, "#cost a")) last = performance.now();
});
on("figures", (figures) => {
  for (const [name, words] of [["[data-burn]", usd(figures.burn)], ["[data-running]", whole(figures.running)]]) {
    const element = maybe(name);
    if (element && element.textContent !== words) element.textContent = words;
  }
  if (performance.now() - last > EVERY && !document.querySelector("#cost details[open], #cost tr:hover, #cost .plot:hover, dialog[open]")) {
    last = performance.now();
    htmx.trigger(document.body, "live:cost");
  }
});
onTheme(draw);
show({ page: "cost" });
requestIdleCallback(draw, { timeout: 1000 });
