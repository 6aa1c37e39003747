/* The honeycomb: every sandbox one cell, in its place for life; hover tells who, a click or Enter opens. */
import { whole } from "../format.js";
import { svg } from "../marks.js";
import { onceAFrame } from "../once.js";
import { onTheme } from "../theme.js";
import { Cells } from "./cells.js";
import { addressOf, tally } from "./groups.js";
import { inBlock, layout } from "./layout.js";
import { showOwners } from "./owners.js";
import { colours, counted, paint, prepare, settle } from "./paint.js";
import { drawScale } from "./scale.js";
import { beside, card, words } from "./tip.js";

const WORDS = { cpu: "CPU", mem: "memory", age: "age", cost: "cost an hour", owner: "owner" };
const TOO_SMALL = 9; // px: under this a finger takes the group, not the cell

export class Comb {
  constructor(host, { scale, keys, says }) {
    const live = new Cells();
    Object.assign(this, { host, scale, keys, says, live, cells: live, at: null, measure: "cpu", owner: null, lit: null, tip: null, shape: -1, due: false });
    this.canvas = document.createElement("canvas");
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

  /* What the socket tells; while a moment of the past is shown it is kept, so that coming back finds no hole. */
  take(message) {
    this.live.take(message);
    if (this.cells === this.live) this.#changed();
  }

  /* Shows these cells as of `at` (Unix seconds); with nothing, the live ones again. */
  view(cells = this.live, at = null) {
    if (cells !== this.cells) this.shape = -1;
    Object.assign(this, { cells, at });
    this.#changed();
  }

  #now() {
    return this.at ?? Date.now() / 1000;
  }

  #changed() {
    const lit = this.lit && this.cells.byKey.get(this.lit.key);
    if (this.lit && !lit) this.#light(null);
    else if (lit) this.lit = lit;
    this.#again();
  }

  /* `by`: template, owner, environment or state; `measure`: cpu, mem, age, cost or owner, and then whose are lit. */
  choose({ by, measure, owner }) {
    const regroup = by !== this.live.groups.by;
    Object.assign(this, { measure, owner });
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
    if (!this.canvas.isConnected) this.host.replaceChildren(this.canvas);
    if (this.shape !== this.cells.shape) {
      const groups = this.cells.groups.inOrder();
      this.plan = layout(groups, this.host.clientWidth, this.host.clientHeight);
      this.shape = this.cells.shape;
    }
    const owners = this.measure === "owner" ? tally(this.cells.byKey.values(), (cell) => cell.owner) : null;
    const named = owners?.filter(([name]) => name), owner = (named?.find(([name]) => name === this.owner) ?? named?.[0])?.[0];
    this.shown = { measure: this.measure, now: this.#now(), owner };
    prepare(this.canvas, this.plan, this.look, this.shown);
    settle(this.plan);
    const counts = counted(this.plan, this.shown);
    showOwners(this.keys, named, owner);
    drawScale(this.scale, counts, this.measure);
    for (const key of ["plain", "paused", "orphan", "stale"]) this.keys.querySelector(`[data-key=${key}]`).textContent = whole(counts[key]);
    this.keys.querySelector("[data-measure-word]").textContent = WORDS[this.measure];
    if (this.tip && this.lit) this.#show(this.lit);
    this.#paintOn();
  }

  /* From the start again when there was news: what is painted already costs next to nothing. */
  #paintOn(from) {
    cancelAnimationFrame(this.painting);
    const rest = paint(this.canvas, this.shown, from);
    if (rest) this.painting = requestAnimationFrame(() => this.#paintOn(rest));
  }

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
    if (path) location.assign(path);
    else this.#open(cell, event);
  }

  #group(event) {
    const [x, y] = this.#place(event), finger = event.pointerType === "touch" && this.plan?.radius < TOO_SMALL;
    return this.plan?.blocks.find((block) => inBlock(block, x, y, this.plan.radius, finger))?.group ?? null;
  }

  #nearest(event) {
    if (!this.plan) return null;
    const [x, y] = this.#place(event);
    let best = null, least = (this.plan.radius + 1) ** 2;
    for (const cell of this.cells.byKey.values()) {
      const far = (cell.x - x) ** 2 + (cell.y - y) ** 2;
      if (far < least) [best, least] = [cell, far];
    }
    return best;
  }

  #light(cell) {
    if (cell === this.lit) return;
    this.lit = cell;
    this.tip?.remove();
    this.tip = null;
    this.host.style.cursor = cell ? "pointer" : "";
    if (cell) this.#show(cell);
    else this.ring.remove();
  }

  #show(cell) {
    this.tip?.remove();
    this.tip = card(cell, this.#now());
    const size = 2 * (this.plan.radius + 1.5);
    Object.assign(this.ring.style, { left: `${cell.x - size / 2}px`, top: `${cell.y - size / 2}px`, width: `${size}px`, height: `${size}px` });
    this.host.append(this.ring, this.tip);
    beside(this.tip, this.host, cell, this.plan.radius);
  }

  #open(cell, event) {
    if (!cell) return;
    const path = `/sandboxes/${encodeURIComponent(cell.id)}/`;
    if (event.ctrlKey || event.metaKey) open(path, "_blank", "noopener");
    else location.assign(path);
  }

  #key(event) {
    const ways = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    if (event.key === "Enter" && this.lit) return this.#open(this.lit, event);
    if (event.key === "Escape" && this.lit) {
      event.stopPropagation(); // this Escape closed the card: it does not also leave the past
      return this.#light(null);
    }
    const way = ways[event.key];
    if (!way) return undefined;
    event.preventDefault();
    const cell = this.lit ? this.#towards(way) : this.cells.byKey.values().next().value;
    if (cell) {
      this.#light(cell);
      this.says.textContent = words(cell);
    }
    return undefined;
  }

  /* The nearest cell in that direction, the sideways distance counting double. */
  #towards([dx, dy]) {
    let best = null, least = Infinity;
    for (const cell of this.cells.byKey.values()) {
      const ahead = (cell.x - this.lit.x) * dx + (cell.y - this.lit.y) * dy;
      if (ahead < 1) continue;
      const aside = Math.abs((cell.x - this.lit.x) * dy) + Math.abs((cell.y - this.lit.y) * dx);
      const far = ahead + 2 * aside;
      if (far < least) [best, least] = [cell, far];
    }
    return best;
  }
}
