/* The honeycomb: every sandbox one cell, in its place for life; hover tells who, a click or Enter opens. */
import { whole } from "../format.js";
import { svg } from "../marks.js";
import { onTheme } from "../theme.js";
import { Cells } from "./cells.js";
import { layout } from "./layout.js";
import { colours, paint } from "./paint.js";
import { drawScale } from "./scale.js";
import { beside, card, words } from "./tip.js";

const WORDS = { cpu: "CPU", mem: "memory", age: "age", cost: "cost an hour" };

export class Comb {
  constructor(host, { scale, keys, says }) {
    const live = new Cells();
    Object.assign(this, { host, scale, keys, says, live, cells: live, at: null, measure: "cpu", lit: null, tip: null, shape: -1, due: false });
    this.canvas = document.createElement("canvas");
    this.ring = svg("svg", { class: "ring", viewBox: "-10 -10 20 20", "aria-hidden": "true" }, [svg("path", { d: "M9.6 0 4.8 8.3H-4.8L-9.6 0-4.8-8.3H4.8z" })]);
    this.look = colours();
    new ResizeObserver(() => this.#again(true)).observe(host);
    onTheme(() => {
      this.look = colours();
      this.#again();
    });
    document.fonts.ready.then(() => this.#again(true));
    host.addEventListener("pointermove", (event) => this.#light(this.#nearest(event)));
    host.addEventListener("pointerleave", () => this.#light(null));
    host.addEventListener("blur", () => this.#light(null));
    host.addEventListener("click", (event) => this.#open(this.#nearest(event), event));
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

  measureBy(name) {
    this.measure = name;
    this.#again();
  }

  #again(resized = false) {
    if (resized) this.shape = -1;
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.#draw();
    });
  }

  #draw() {
    if (!this.cells.byKey.size && !this.canvas.isConnected) return;
    if (!this.canvas.isConnected) this.host.replaceChildren(this.canvas);
    if (this.shape !== this.cells.shape) {
      const groups = [...this.cells.groups.values()].sort((a, b) => b.slots.length - a.slots.length || a.name.localeCompare(b.name));
      this.plan = layout(groups, this.host.clientWidth, this.host.clientHeight);
      this.shape = this.cells.shape;
    }
    const counts = paint(this.canvas, this.plan, this.look, { measure: this.measure, now: this.#now() });
    drawScale(this.scale, counts, this.measure);
    for (const key of ["plain", "paused", "orphan", "stale"]) this.keys.querySelector(`[data-key=${key}]`).textContent = whole(counts[key]);
    this.keys.querySelector("[data-measure-word]").textContent = WORDS[this.measure];
    if (this.tip && this.lit) this.#show(this.lit);
  }

  #nearest(event) {
    if (!this.plan) return null;
    const box = this.host.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
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
