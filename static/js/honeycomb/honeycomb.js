/* The honeycomb: every sandbox one cell, in its place for life; hover tells who, a click or Enter opens. */
import { svg } from "../marks.js";
import { onceAFrame } from "../once.js";
import { serverNow } from "../pageclock.js";
import { onTheme } from "../theme.js";
import { Cells } from "./cells.js";
import { addressOf, tally } from "./groups.js";
import { inBlock, layout } from "./layout.js";
import { drawLegend } from "./legend.js";
import { open } from "./opening.js";
import { colours, counted, paintOn, prepare, settle } from "./paint.js";
import { follow, go, nearest, towards } from "./seek.js";
import { beside, card, surround, words } from "./tip.js";

/** @type {Record<string, [dx: number, dy: number]>} */
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const TOO_SMALL = 9; // px: under this a finger takes the group, not the cell

export class Honeycomb {
  live = new Cells();
  /** @type {Cells | import("./moments.js").Moments} those shown: the live ones, or a moment's */
  cells = this.live;
  /** @type {number | null} */
  at = null;
  measure = "cpu";
  owner = "";
  /** @type {Cell | null} */
  lit = null;
  /** @type {HTMLElement | null} */
  tip = null;
  shape = -1;
  /** @type {import("./layout.js").Plan | null} */
  plan = null;
  canvas = document.createElement("canvas");

  /**
   * @param {HTMLElement} host
   * @param {{ scale: HTMLElement, keys: HTMLElement, says: HTMLElement }} parts
   */
  constructor(host, { scale, keys, says }) {
    this.host = host;
    this.scale = scale;
    this.keys = keys;
    this.says = says;
    this.ring = svg("svg", { class: "ring", viewBox: "-10 -10 20 20", "aria-hidden": "true" }, [svg("path", { d: "M9.6 0 4.8 8.3H-4.8L-9.6 0-4.8-8.3H4.8z" })]);
    this.look = colours();
    new ResizeObserver(() => this.#again(true)).observe(host);
    onTheme(() => {
      this.look = colours();
      this.#again();
    });
    document.fonts.ready.then(() => this.#again(true));
    host.addEventListener("pointermove", (event) => this.#over(event));
    host.addEventListener("pointerleave", () => this.#light(null));
    host.addEventListener("blur", () => this.#light(null));
    host.addEventListener("click", (event) => this.#click(event));
    host.addEventListener("keydown", (event) => this.#key(event));
  }

  /**
   * What the socket tells; while a moment of the past is shown it is kept, so that coming back finds no hole.
   * @param {Live.FleetMessage} message
   */
  take(message) {
    this.live.take(message);
    if (this.cells === this.live) this.#changed();
  }

  /**
   * Shows these cells as of `at` (Unix seconds); with nothing, the live ones again.
   * @param {Cells | import("./moments.js").Moments} [cells]
   * @param {number | null} [at]
   */
  view(cells = this.live, at = null) {
    if (cells !== this.cells) this.shape = -1;
    this.cells = cells;
    this.at = at;
    this.#changed();
  }

  #now = () => this.at ?? serverNow();

  #changed() {
    const lit = this.lit && this.cells.byKey.get(this.lit.key);
    if (this.lit && !lit) this.#light(null);
    else if (lit) this.lit = lit;
    this.#again();
  }

  /**
   * @param {{ by: string, measure: string, owner: string }} choice `by`: template, owner, environment or state;
   *   `measure`: cpu, mem, age, cost or owner, and then whose are lit
   */
  choose({ by, measure, owner }) {
    const regroup = by !== this.live.groups.by;
    this.measure = measure;
    this.owner = owner;
    if (regroup) for (const cells of new Set([this.live, this.cells])) cells.groupBy(by);
    this.#again();
  }

  #again(resized = false) {
    if (resized) this.shape = -1;
    this.#soon();
  }

  #soon = onceAFrame(() => this.#draw());

  #draw() {
    if (!this.cells.byKey.size && !this.canvas.isConnected) return;
    if (!this.canvas.isConnected) open(this.host, this.canvas);
    const plan = this.#planned();
    const owners = this.measure === "owner" ? tally(this.cells.byKey.values(), (cell) => cell.owner) : null;
    const named = owners?.filter(([name]) => name), owner = (named?.find(([name]) => name === this.owner) ?? named?.[0])?.[0];
    const shown = { measure: this.measure, now: this.#now(), owner, tinted: false };
    const counts = counted(plan, shown);
    shown.tinted = drawLegend(this, counts, this.measure, named, owner);
    prepare(this.canvas, plan, this.look, shown);
    settle();
    if (this.tip && this.lit) this.#show(this.lit);
    paintOn(this.canvas, shown);
  }

  /* Made anew when a group needs more room or less. */
  #planned() {
    if (this.plan && this.shape === this.cells.shape) return this.plan;
    this.plan = layout(this.cells.groups.inOrder(), this.host.clientWidth, this.host.clientHeight);
    this.shape = this.cells.shape;
    return this.plan;
  }

  /** @returns {[x: number, y: number]} */
  #place(event) {
    const box = this.host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #over(event) {
    this.#light(this.#nearest(event));
    if (!this.lit) this.host.style.cursor = this.#group(event) ? "pointer" : "";
  }

  /* A label stands for its group; under a finger, where cells are small, all of the group does. */
  #click(event) {
    const group = this.#group(event), cell = this.#nearest(event);
    const path = group && addressOf(this.cells.groups.by, group);
    if (path) follow(path);
    else go(cell, event);
  }

  #group(event) {
    if (!this.plan) return null;
    const { radius, blocks } = this.plan, [x, y] = this.#place(event);
    const finger = event.pointerType === "touch" && radius < TOO_SMALL;
    return blocks.find((block) => inBlock(block, x, y, radius, finger))?.group ?? null;
  }

  #nearest(event) {
    return this.plan && nearest(this.cells.byKey.values(), this.#place(event), this.plan.radius + 1);
  }

  /** @param {Cell | null} cell */
  #light(cell) {
    if (cell === this.lit) return;
    this.lit = cell;
    this.tip?.remove();
    this.tip = null;
    this.host.style.cursor = cell ? "pointer" : "";
    if (cell) this.#show(cell);
    else this.ring.remove();
  }

  /** @param {Cell} cell */
  #show(cell) {
    if (!this.plan) return;
    this.tip?.remove();
    this.tip = card(cell, this.#now());
    surround(this.ring, cell, this.plan.radius);
    this.host.append(this.ring, this.tip);
    beside(this.tip, this.host, cell, this.plan.radius);
  }

  #key(event) {
    if (event.key === "Enter" && this.lit) return go(this.lit, event);
    if (event.key === "Escape" && this.lit) {
      event.stopPropagation(); // this Escape closed the card: it does not also leave the past
      return this.#light(null);
    }
    const way = WAYS[event.key];
    if (!way) return undefined;
    event.preventDefault();
    const cell = this.lit ? towards(this.cells.byKey.values(), this.lit, way) : this.cells.byKey.values().next().value;
    if (cell) {
      this.#light(cell);
      this.says.textContent = words(cell);
    }
    return undefined;
  }
}
