/* A sandbox's page: its charts grow, its lane and marks follow, and what happened to it is read anew. */
import { withQuery } from "./here.js";
import { address } from "./address.js";
import { all, around, find, maybe } from "./dom.js";
import { clock, percent, size } from "./format.js";
import { Lane } from "./lane.js";
import { on, show } from "./live.js";
import "./neighbours.js";
import { Plot } from "./plots.js";
import { setTime } from "./times.js";

const main = find("main");
const UNITS = { cpu: percent, mem: size, disk: size };
/** @type {Record<string, number | null>} */
const LENGTHS = { "1h": 3600, "15min": 900, life: null };
let range = find("[data-range][aria-pressed=true]").dataset.range ?? "life";
let newest = 0, refreshing = 0;
/** @type {string | null} */
let state = null;

const lane = new Lane(find("[data-lane]"), find("[data-panels]"));
const plot = new Plot(find("[data-panels]"), { onHover: read, onMoved: () => lane.draw(plot) });

/** @param {number | string | null} at */
function read(at) {
  const columns = plot.data, x = columns[0].x;
  let i = x.length - 1;
  if (at != null) {
    const wanted = new Date(at).getTime();
    i = x.findIndex((t) => t >= wanted);
    if (i > 0 && wanted - x[i - 1] < x[i] - wanted) i -= 1;
    if (i < 0) i = x.length - 1;
  }
  Object.entries(UNITS).forEach(([name, say], trace) => {
    const words = say(columns[trace].y[i]);
    find(`[data-readout=${name}]`).textContent = at == null ? words : `${clock(x[i] / 1000)}  ${words}`;
  });
}

const asked = () => fetch(withQuery(main.dataset.timeline, { range }), { headers: { Accept: "application/json" } });

async function again() {
  const answer = await asked().catch(() => null);
  if (!answer?.ok) return void say("Metrics could not be loaded. Choose a range to try again.");
  const told = await answer.json();
  if (told.range !== range) return; // another one was chosen meanwhile
  newest = Math.max(newest, ...told.figure.data[0].x.slice(-1).map((at) => at / 1000));
  state ??= told.live ? null : "ended";
  lane.take(told.lane);
  await plot.draw(told.figure);
}

function say(words) {
  const waits = maybe("[data-panels] .wait");
  if (waits) waits.textContent = words;
}

/* Something happened: the words are read anew, and of the figure only its marks. */
async function refresh() {
  htmx.ajax("GET", main.dataset.parts ?? "", { swap: "none" });
  const answer = await asked().catch(() => null);
  if (!answer?.ok || !plot.ready) return;
  const told = await answer.json();
  lane.take(told.lane);
  plot.reshape(told.figure.layout.shapes);
  lane.draw(plot);
}

document.addEventListener("click", (event) => {
  const button = around(event, "[data-range]");
  if (!button?.dataset.range) return;
  event.preventDefault();
  range = button.dataset.range;
  for (const other of all("[data-range]")) other.setAttribute("aria-pressed", String(other === button));
  history.replaceState(history.state, "", address({ range: range === "life" ? null : range }) + location.hash);
  plot.zoomed = false;
  again();
});

on("sandbox", (message) => {
  if (message.changed || (state && message.state !== state)) {
    clearTimeout(refreshing);
    refreshing = setTimeout(refresh, 150);
  }
  state = message.state;
  if (!message.sample || message.sample[0] <= newest) return;
  const [at, cpu, mem, , disk] = message.sample;
  newest = at;
  seenAt(at);
  lane.grow(at);
  plot.append(at, [cpu, mem, disk], { lengthSeconds: LENGTHS[range], room: 0.06 });
  if (plot.ready && !find("[data-panels]").matches(":hover")) read(null);
});

/* Who sends samples is there: the page has not to wait for the next list to say so. */
function seenAt(at) {
  const seen = maybe("[data-seen] time", HTMLTimeElement);
  if (seen && at > Date.parse(seen.dateTime) / 1000) setTime(seen, at);
}

document.addEventListener("frozen", refresh);
show({ page: "sandbox", sandbox: Number(main.dataset.sandbox) });
again();
