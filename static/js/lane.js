/* The lane over the charts: events as glyph and word, states read by shape; and over the panels the hatched gaps. */
import { svg } from "./marks.js";

const WORD_AT = [16, 34], STATE_Y = 46, LETTER = 6.2;

export class Lane {
  constructor(host, panels) {
    Object.assign(this, { host, panels, told: null });
    this.over = svg("svg", { class: "gaps", "aria-hidden": "true" });
    new ResizeObserver(() => this.plot && this.draw(this.plot)).observe(host);
  }

  take(told) {
    this.told = told;
  }

  /* The last stretch and what is now move on with a new sample. */
  grow(at) {
    const last = this.told?.stretches.at(-1);
    if (last && last.state === "running") last.end = Math.max(last.end, at);
    this.told.now = at;
  }

  draw(plot) {
    const axes = plot.axes();
    if (!axes || !this.told) return;
    this.plot = plot;
    const left = axes.xaxis._offset, width = axes.xaxis._length;
    const x = (seconds) => left + axes.xaxis.d2p(seconds * 1000);
    const inside = (at) => at >= left - 1 && at <= left + width + 1;
    const drawing = svg("svg");
    drawing.append(svg("text", { x: left - 8, y: STATE_Y + 4, "text-anchor": "end" }));
    drawing.lastChild.textContent = "state";
    for (const one of this.told.stretches) this.#stretch(drawing, one, x, left, left + width);
    this.#steps(drawing, x, inside, left + width);
    this.host.replaceChildren(drawing);
    this.#gaps(x, left, width, axes);
  }

  #stretch(drawing, { start, end, state }, x, least, most) {
    const from = Math.max(least, x(start)), to = Math.min(most, x(end));
    if (to <= from) return;
    const isOrphan = this.told.orphan && state === "running" && end >= (this.told.stretches.at(-1).end ?? 0);
    if (isOrphan) drawing.append(svg("line", { class: "orphan", x1: from, x2: to, y1: STATE_Y, y2: STATE_Y }));
    else if (state === "running") drawing.append(svg("rect", { class: "running", x: from, y: STATE_Y - 2, width: to - from, height: 4 }));
    else for (const y of [STATE_Y - 2, STATE_Y + 2]) drawing.append(svg("line", { class: "paused", x1: from, x2: to, y1: y, y2: y }));
  }

  /* Two rows of words; one that does not fit is dropped, its glyph stays. */
  #steps(drawing, x, inside, most) {
    const free = WORD_AT.map(() => -Infinity);
    const steps = [...this.told.steps];
    if (this.told.end_at) steps.push({ t: this.told.end_at, mark: "updated", hue: "ink", word: "ends", more: "" });
    if (this.told.act_at) steps.push({ t: this.told.act_at, mark: "killed", hue: "orph", word: "due", more: "" });
    for (const step of steps) {
      const at = x(step.t);
      if (!inside(at)) continue;
      const wide = step.word.length * LETTER + 22;
      let row = free.findIndex((until) => until <= at - 6);
      const fits = row >= 0 && at + wide < most + 8;
      if (row < 0) row = free.indexOf(Math.min(...free));
      free[row] = Math.max(free[row], at + (fits ? wide : 14));
      const y = WORD_AT[row];
      const mark = svg("use", { href: `${document.body.dataset.sprite}#g-${step.mark}`, class: step.hue, x: at - 6, y: y - 10, width: 12, height: 12 });
      mark.append(svg("title"));
      mark.lastChild.textContent = [step.word, step.more].filter(Boolean).join(", ");
      drawing.append(svg("line", { class: `stem ${step.hue}`, x1: at, x2: at, y1: y + 5, y2: 58 }), mark);
      if (!fits) continue;
      const word = svg("text", { x: at + 10, y });
      word.textContent = step.word;
      drawing.append(word);
    }
  }

  /* Hatching and its name over every panel, where there is nothing to draw. */
  #gaps(x, left, width, axes) {
    const panels = [axes.yaxis, axes.yaxis2, axes.yaxis3];
    const hatch = svg("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, [
      svg("line", { class: "hatch-line", x1: 0, x2: 0, y1: 0, y2: 6 }),
    ]);
    this.over.replaceChildren(svg("defs", {}, [hatch]));
    for (const { start, end, why } of this.told.gaps) {
      const from = Math.max(left, x(start)), to = Math.min(left + width, x(end));
      if (to - from < 2) continue;
      panels.forEach((axis, i) => {
        this.over.append(svg("rect", { x: from, y: axis._offset, width: to - from, height: axis._length, fill: "url(#hatch)" }));
        if (i || to - from < why.length * LETTER + 6) return;
        const name = svg("text", { x: (from + to) / 2, y: axis._offset + 12, "text-anchor": "middle" });
        name.textContent = why;
        this.over.append(name);
      });
    }
    if (!this.over.isConnected) this.panels.append(this.over);
  }
}
