/* The lane over the charts: events as glyph and word, states read by shape; gaps are hatched in the panels below. */
import { Gaps } from "./gaps.js";
import { svg } from "./marks.js";

const WORD_AT = [16, 34], STATE_Y = 46, LETTER = 6.2;

/**
 * What the timeline says of a sandbox; times in Unix seconds.
 * @typedef {{ t: number, mark: string, hue: string, word: string, more: string }} Step
 * @typedef {Step & { at: number }} Placed a step and its px
 * @typedef {{ start: number, end: number, state: string }} Stretch
 * @typedef {{ stretches: Stretch[], steps: Step[], gaps: Gap[], orphan_since: number | null, now: number | null,
 *   end_at: number | null, act_at: number | null }} Told
 */

export class Lane {
  /** @type {Told | null} */
  told = null;
  /** @type {import("./plots.js").Plot | null} */
  plot = null;

  /**
   * @param {HTMLElement} host
   * @param {HTMLElement} panels
   */
  constructor(host, panels) {
    this.host = host;
    this.gaps = new Gaps(panels);
    new ResizeObserver(() => this.plot && this.draw(this.plot)).observe(host);
  }

  /** @param {Told} told */
  take(told) {
    this.told = told;
  }

  /* The last stretch and what is now move on with a new sample. */
  grow(at) {
    const last = this.told?.stretches.at(-1);
    if (last && last.state === "running") last.end = Math.max(last.end, at);
    if (this.told) this.told.now = at; // a sample may come before the timeline is told
  }

  /** @param {import("./plots.js").Plot} plot */
  draw(plot) {
    const axes = plot.axes(), { told } = this;
    if (!axes || !told) return;
    this.plot = plot;
    const { left, width } = axes;
    const x = (seconds) => axes.x(seconds * 1000);
    const inside = (at) => at >= left - 1 && at <= left + width + 1;
    const drawing = svg("svg");
    const name = svg("text", { x: left - 8, y: STATE_Y + 4, "text-anchor": "end" });
    name.textContent = "state";
    drawing.append(name);
    for (const one of told.stretches) this.#stretch(drawing, told, one, x, left, left + width);
    this.#steps(drawing, told, x, inside, left + width);
    this.host.replaceChildren(drawing);
    this.gaps.draw(axes, told.gaps, { cover: true, now: told.now }); // plotly fills on through a gap
  }

  /**
   * @param {SVGElement} drawing
   * @param {Told} told
   * @param {Stretch} stretch
   */
  #stretch(drawing, told, { start, end, state }, x, least, most) {
    const from = Math.max(least, x(start)), to = Math.min(most, x(end));
    if (to <= from) return;
    const isLast = end >= (told.stretches.at(-1)?.end ?? 0);
    const since = told.orphan_since !== null && isLast ? Math.min(to, Math.max(from, x(told.orphan_since))) : to;
    if (state === "running") {
      if (since > from) drawing.append(svg("rect", { class: "running", x: from, y: STATE_Y - 2, width: since - from, height: 4 }));
      if (since < to) drawing.append(svg("line", { class: "orphan", x1: since, x2: to, y1: STATE_Y, y2: STATE_Y }));
    } else for (const y of [STATE_Y - 2, STATE_Y + 2]) drawing.append(svg("line", { class: "paused", x1: from, x2: to, y1: y, y2: y }));
  }

  /**
   * Two rows of glyphs; a word that would run into the next one is dropped, its glyph stays.
   * @param {Told} told
   */
  #steps(drawing, told, x, inside, most) {
    const steps = [...told.steps];
    if (told.end_at) steps.push({ t: told.end_at, mark: "updated", hue: "ink", word: "ends", more: "" });
    if (told.act_at) steps.push({ t: told.act_at, mark: "killed", hue: "orph", word: "due", more: "" });
    /** @type {Placed[][]} */
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
    const title = svg("title");
    title.textContent = [step.word, step.more].filter(Boolean).join(", ");
    mark.append(title);
    drawing.append(svg("line", { class: `stem ${step.hue}`, x1: step.at, x2: step.at, y1: y + 5, y2: 58 }), mark);
    if (!fits) return;
    const word = svg("text", { x: step.at + 10, y });
    word.textContent = step.word;
    drawing.append(word);
  }
}

const wide = (step) => (step ? step.word.length * LETTER + 18 : 0);
