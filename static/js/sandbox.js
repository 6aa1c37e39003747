/* A sandbox's page: its charts grow, its lane and marks follow, and what happened to it is read anew. */
import { clock, percent, size } from "./format.js";
import { Lane } from "./lane.js";
import { on, show } from "./live.js";
import { Plot } from "./plots.js";

const $ = (selector) => document.querySelector(selector);
const main = $("main");
const UNITS = { cpu: percent, mem: size, disk: size };
const LENGTHS = { "1h": 3600, "15min": 900, life: null };
let timeline = JSON.parse($("#timeline").textContent);
let range = timeline.range;
let newest = Math.max(0, ...timeline.figure.data[0].x.slice(-1)) / 1000;

const lane = new Lane($("[data-lane]"), $("[data-panels]"));
const plot = new Plot($("[data-panels]"), { onHover: read, onMoved: () => lane.draw(plot) });

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
    $(`[data-readout=${name}]`).textContent = at == null ? words : `${clock(x[i] / 1000)}  ${words}`;
  });
}

async function draw(told) {
  timeline = told;
  lane.take(told.lane);
  await plot.draw(told.figure);
}

async function again(name = range) {
  const answer = await fetch(`${main.dataset.timeline}?range=${name}`, { headers: { Accept: "application/json" } });
  if (answer.ok) await draw(await answer.json());
}

/* Something happened: the words are read anew, and of the figure only its marks. */
async function refresh() {
  htmx.ajax("GET", main.dataset.parts, { swap: "none" });
  const answer = await fetch(`${main.dataset.timeline}?range=${range}`);
  if (!answer.ok) return;
  const told = await answer.json();
  timeline = told;
  lane.take(told.lane);
  plot.reshape(told.figure.layout.shapes);
  lane.draw(plot);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-range]");
  if (!button) return;
  event.preventDefault();
  range = button.dataset.range;
  for (const other of document.querySelectorAll("[data-range]")) other.setAttribute("aria-pressed", String(other === button));
  history.replaceState(null, "", range === "life" ? location.pathname : `?range=${range}`);
  plot.zoomed = false;
  again();
});

let state = timeline.live ? null : "ended", refreshing = 0;
on("sandbox", (message) => {
  if (message.changed || (state && message.state !== state)) {
    clearTimeout(refreshing);
    refreshing = setTimeout(refresh, 150);
  }
  state = message.state;
  if (!message.sample || message.sample[0] <= newest) return;
  const [at, cpu, mem, , disk] = message.sample;
  newest = at;
  lane.grow(at);
  plot.append(at, [cpu, mem, disk], { lengthSeconds: LENGTHS[range], room: 0.06 });
  if (plot.ready && !$("[data-panels]").matches(":hover")) read(null);
});

show({ page: "sandbox", sandbox: Number(main.dataset.sandbox) });
requestIdleCallback(() => draw(timeline), { timeout: 1000 });
