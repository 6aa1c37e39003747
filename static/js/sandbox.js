/* A sandbox's page: its charts grow, its lane and marks follow, and what happened to it is read anew. */
import { clock, percent, size } from "./format.js";
import { Lane } from "./lane.js";
import { on, show } from "./live.js";
import { Plot } from "./plots.js";

const $ = (selector) => document.querySelector(selector);
const main = $("main");
const UNITS = { cpu: percent, mem: size, disk: size };
const LENGTHS = { "1h": 3600, "15min": 900, life: null };
let range = $("[data-range][aria-pressed=true]").dataset.range;
let newest = 0, state = null, refreshing = 0;

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

const asked = () => fetch(`${main.dataset.timeline}?range=${range}`, { headers: { Accept: "application/json" } });

async function again() {
  const answer = await asked().catch(() => null);
  if (!answer?.ok) return void say("Its samples could not be read. Choose a range to try again.");
  const told = await answer.json();
  if (told.range !== range) return; // another one was chosen meanwhile
  newest = Math.max(newest, ...told.figure.data[0].x.slice(-1).map((at) => at / 1000));
  state ??= told.live ? null : "ended";
  lane.take(told.lane);
  await plot.draw(told.figure);
}

function say(words) {
  const waits = $("[data-panels] .wait");
  if (waits) waits.textContent = words;
}

/* Something happened: the words are read anew, and of the figure only its marks. */
async function refresh() {
  htmx.ajax("GET", main.dataset.parts, { swap: "none" });
  const answer = await asked().catch(() => null);
  if (!answer?.ok || !plot.ready) return;
  const told = await answer.json();
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
again();
