/* A label at each line's end instead of a legend; two that would lie on each other move apart. */
import { percent, whole } from "./format.js";

const APART = 14;

/* Places one label a trace in `host`, beside the newest point that is in view. `names` are the traces' words. */
export function labels(plot, host, names) {
  const axes = plot.axes();
  if (!axes) return;
  const ends = names.map((name, i) => ({ name, i, ...lastPoint(plot, i) })).filter((end) => end.value != null);
  ends.forEach((end) => (end.y = axes.panels[0].y(end.value)));
  ends.sort((a, b) => a.y - b.y);
  for (let i = 1; i < ends.length; i += 1) ends[i].y = Math.max(ends[i].y, ends[i - 1].y + APART);
  const left = axes.left + axes.width + 7;
  const known = [...host.querySelectorAll(".end-label")];
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

function lastPoint(plot, i) {
  const { y } = plot.data[i];
  for (let at = y.length - 1; at >= 0; at -= 1) if (y[at] != null) return { value: y[at] };
  return { value: null };
}
