/* The lane over the charts: events as glyph and word, states read by shape; gaps are hatched in the panels below. */
import { Gaps } from "./gaps.js";
import { svg } from "./marks.js";

const WORD_AT = [16, 34], STATE_Y = 46, LETTER = 6.2;

export class Lane {
  constructor(host, panels) {
    Object.assign(this, { host, told: null, gaps: new Gaps(panels) });
    new ResizeObserver(() => this.plot && this.draw(this.plot)).observe(host);
  }

  take(told) {
    this.told = told;
  }

  /* The last stretch and what is now move on with a new sample. */
  grow(at) {
    const last = this.told?.stretches.at(-1);
    if (last && last.state === "running") last.end = Math.max(last.end, at);
    if (this.told) this.told.now = at; // a sample may come before the timeline is told
  }

  draw(plot) {
    const axes = plot.axes();
    if (!axes || !this.told) return;
    this.plot = plot;
    const { left, width } = axes;
    const x = (seconds) => axes.x(seconds * 1000);
    const inside = (at) => at >= left - 1 && at <= left + width + 1;
    const drawing = svg("svg");
    drawing.append(svg("text", { x: left - 8, y: STATE_Y + 4, "text-anchor": "end" }));
    drawing.lastChild.textContent = "state";
    for (const one of this.told.stretches) this.#stretch(drawing, one, x, left, left + width);
    this.#steps(drawing, x, inside, left + width);
    this.host.replaceChildren(drawing);
    this.gaps.draw(axes, this.told.gaps, { now: this.told.now });
  }

  #stretch(drawing, { start, end, state }, x, least, most) {
    const from = Math.max(least, x(start)), to = Math.min(most, x(end));
    if (to <= from) return;
    const isOrphan = this.told.orphan && state === "running" && end >= (this.told.stretches.at(-1).end ?? 0);
    if (isOrphan) drawing.append(svg("line", { class: "orphan", x1: from, x2: to, y1: STATE_Y, y2: STATE_Y }));
    else if (state === "running") drawing.append(svg("rect", { class: "running", x: from, y: STATE_Y - 2, width: to - from, height: 4 }));
    else for (const y of [STATE_Y - 2, STATE_Y + 2]) drawing.append(svg("line", { class: "paused", x1: from, x2: to, y1: y, y2: y }));
  }

  /* Two rows of glyphs; a word that would run into the next one is dropped, its glyph stays. */
  #steps(drawing, x, inside, most) {
    const steps = [...this.told.steps];
    if (this.told.end_at) steps.push({ t: this.told.end_at, mark: "updated", hue: "ink", word: "ends", more: "" });
    if (this.told.act_at) steps.push({ t: this.told.act_at, mark: "killed", hue: "orph", word: "due", more: "" });
    const rows = WORD_AT.map(() => []);
    for (const step of steps.map((one) => ({ ...one, at: x(one.t) })).filter((one) => inside(one.at)).sort((a, b) => a.at - b.at)) {
      const room = rows.map((row) => step.at - ((row.at(-1)?.at ?? -Infinity) + wide(row.at(-1))));
      rows[room[0] >= 6 ? 0 : room[1] > room[0] ? 1 : 0].push(step);
    }
    rows.forEach((row, i) => row.forEach((step, place) => {
      const end = row[place + 1]?.at ?? most + 14;
      this.#step(drawing, step, WORD_AT[i], step.at + wide(step) < end);
    }));
  }

  #step(drawing, step, y, fits) {
    const mark = svg("use", { href: `${document.body.dataset.sprite}#g-${step.mark}`, class: step.hue, x: step.at - 6, y: y - 10, width: 12, height: 12 });
    mark.append(svg("title"));
    mark.lastChild.textContent = [step.word, step.more].filter(Boolean).join(", ");
    drawing.append(svg("line", { class: `stem ${step.hue}`, x1: step.at, x2: step.at, y1: y + 5, y2: 58 }), mark);
    if (!fits) return;
    const word = svg("text", { x: step.at + 10, y });
    word.textContent = step.word;
    drawing.append(word);
  }
}

const wide = (step) => (step ? step.word.length * LETTER + 18 : 0);
