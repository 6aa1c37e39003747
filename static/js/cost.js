/* The Cost page: draws its bars and trends, again after each swap; what burns moves live, sums are read anew each minute. */
import { usd, whole } from "./format.js";
import { on, show } from "./live.js";
import { Plot } from "./plots.js";
import { spark } from "./spark.js";
import { onTheme } from "./theme.js";

const EVERY = 60_000;
const $ = (selector) => document.querySelector(selector);
let chart = null, plot = null, last = Date.now();

const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", timeZone: "UTC" });
const two = (n) => String(n).padStart(2, "0");

/* The bucket under the pointer, in words. */
function read(at) {
  const out = $("[data-readout]");
  if (!out) return;
  if (at == null) return void (out.textContent = "");
  const [cost, before, orphan, idle] = plot.data, width = chart.seconds * 1000;
  const i = cost.x.findIndex((x) => Math.abs(x - new Date(at).getTime()) <= width / 2);
  if (i < 0) return;
  const start = new Date(cost.x[i] - width / 2);
  const hour = chart.bucket === "day" ? "" : ` ${two(start.getUTCHours())}:00`;
  const said = [`${day.format(start)}${hour}`, usd(cost.y[i]), ...(chart.compared ? [`before ${usd(before.y[i])}`] : []), `orphans ${usd(orphan.y[i])}`, `idle ${usd(idle.y[i])}`];
  out.textContent = said.join("  ");
}

function draw() {
  const host = $("[data-plot=cost]"), told = $("#cost-chart");
  for (const one of document.querySelectorAll("[data-trend]")) spark(one, JSON.parse(one.dataset.trend));
  if (!host || !told || host.dataset.drawn) return;
  host.dataset.drawn = "yes";
  chart = JSON.parse(told.textContent);
  plot = new Plot(host, { onHover: read });
  plot.draw(chart.figure);
}

document.body.addEventListener("htmx:afterSettle", draw);
for (const failed of ["htmx:responseError", "htmx:sendError"]) {
  document.body.addEventListener(failed, () => {
    const waits = $("[data-adding]");
    if (waits) waits.textContent = "The sums could not be read. They are asked for again within a minute.";
  });
}
document.body.addEventListener("click", (event) => {
  if (event.target.closest("#cost a")) last = Date.now();
});
on("figures", (figures) => {
  for (const [name, words] of [["[data-burn]", usd(figures.burn)], ["[data-running]", whole(figures.running)]]) {
    const element = $(name);
    if (element && element.textContent !== words) element.textContent = words;
  }
  if (Date.now() - last > EVERY && !document.querySelector("#cost details[open], #cost tr:hover, #cost .plot:hover, dialog[open]")) {
    last = Date.now();
    htmx.trigger(document.body, "live:cost");
  }
});
onTheme(draw);
show({ page: "cost" });
requestIdleCallback(draw, { timeout: 1000 });
