/* A label at each line's end instead of a legend; two that would lie on each other move apart. */
import { all } from "./dom.js";
import { percent, whole } from "./format.js";

const APART = 14;

/**
 * Places one label a trace in `host`, beside the newest point that is in view. `names` are the traces' words.
 * @param {import("./plots.js").Plot} plot
 * @param {HTMLElement} host
 * @param {string[]} names
 */
export function labels(plot, host, names) {
  const axes = plot.axes();
  if (!axes) return;
  const ends = names.flatMap((name, i) => {
    const value = lastValue(plot, i);
    return value == null ? [] : [{ name, value, y: axes.panels[0].y(value) }];
  });
  ends.sort((a, b) => a.y - b.y);
  for (let i = 1; i < ends.length; i += 1) ends[i].y = Math.max(ends[i].y, ends[i - 1].y + APART);
  const left = axes.left + axes.width + 7;
  const known = all(".end-label", HTMLElement, host);
  ends.forEach((end, place) => {
    const label = known[place] ?? host.appendChild(document.createElement("span"));
    label.className = `end-label${end.name === "p95" ? "" : " strong"}`;
    label.style.left = `${left}px`;
    label.style.top = `${end.y}px`;
    const words = end.name ? `${end.name} ${percent(end.value, 0)}` : whole(end.value);
    if (label.textContent !== words) label.textContent = words;
  });
  known.slice(ends.length).forEach((label) => label.remove());
}

/** @param {import("./plots.js").Plot} plot */
const lastValue = (plot, i) => plot.data[i].y.findLast((value) => value != null);
