/* The legend is a histogram too: ten swatches, and above each how many cells have it. */
import { whole } from "../format.js";
import { svg } from "../marks.js";

/** @type {Record<string, [low: string, high: string]>} */
const ENDS = { cpu: ["0", "100% CPU"], mem: ["0", "100% memory"], age: ["1 min", "over 4 h"], cost: ["$0.02", "over $5/h"] };

/**
 * @param {HTMLElement} host
 * @param {{ steps: number[] }} counts
 * @param {string} measure
 */
export function drawScale(host, counts, measure) {
  host.hidden = !ENDS[measure];
  if (host.hidden) return;
  const most = Math.max(1, ...counts.steps);
  const bars = document.createElement("span");
  bars.className = "steps-of";
  counts.steps.forEach((count, step) => {
    const tall = count ? Math.max(1, Math.round((16 * Math.sqrt(count)) / Math.sqrt(most))) : 0;
    const bar = svg("svg", { viewBox: "0 0 14 24", role: "img", "aria-label": `step ${step + 1}: ${count}` }, [
      svg("rect", { class: "col", y: 17 - tall, width: 14, height: tall }),
      svg("rect", { class: `heat-${step}`, y: 18, width: 14, height: 6 }),
    ]);
    const title = svg("title");
    title.textContent = `${whole(count)} sandboxes`;
    bar.append(title);
    bars.append(bar);
  });
  const [low, high] = ENDS[measure];
  host.replaceChildren(low, bars, high);
}
