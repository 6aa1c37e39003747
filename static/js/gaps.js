/* Over a plot: where there is nothing to draw, hatched and named, and where now is. */
import { svg } from "./marks.js";

const LETTER = 6.2;
let patterns = 0;

export class Gaps {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.id = `hatch-${(patterns += 1)}`;
    this.over = svg("svg", { class: "gaps", "aria-hidden": "true" });
  }

  /**
   * `cover` hides the lines below; `now`, in Unix seconds, is a solid line when given.
   * @param {PlotAxes} axes
   * @param {Gap[]} gaps
   * @param {{ cover?: boolean, now?: number | null }} [more]
   */
  draw(axes, gaps, { cover = false, now = null } = {}) {
    const { left, width, panels } = axes;
    const x = (seconds) => axes.x(seconds * 1000);
    const line = svg("line", { class: "hatch-line", x1: 0, x2: 0, y1: 0, y2: 6 });
    const hatch = svg("pattern", { id: this.id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, [line]);
    this.over.replaceChildren(svg("defs", {}, [hatch]));
    for (const { start, end, why } of gaps) {
      const from = Math.max(left, x(start)), to = Math.min(left + width, x(end));
      if (to - from < 2) continue;
      panels.forEach((panel, i) => {
        const box = { x: from, y: panel.top, width: to - from, height: panel.height };
        if (cover) this.over.append(svg("rect", { ...box, class: "cover" }));
        this.over.append(svg("rect", { ...box, fill: `url(#${this.id})` }));
        if (!i && to - from > why.length * LETTER + 6) this.#name((from + to) / 2, panel.top + 12, why);
      });
    }
    if (now && x(now) > left && x(now) < left + width) {
      const last = panels[panels.length - 1], foot = last.top + last.height;
      this.over.append(svg("line", { class: "now", x1: x(now), x2: x(now), y1: panels[0].top, y2: foot }));
      this.over.append(svg("rect", { class: "cover", x: x(now) - 24, y: foot + 2, width: 48, height: 18 }));
      this.#name(x(now), foot + 15, "now");
    }
    if (!this.over.isConnected) this.host.append(this.over);
  }

  #name(x, y, words) {
    const name = svg("text", { x, y, "text-anchor": "middle" });
    name.textContent = words;
    this.over.append(name);
  }
}
