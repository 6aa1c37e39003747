/* Plotly, loaded after the page is usable: draws server-built figures in the theme's colours and appends to them. */
import { axesOf } from "./plotaxes.js";
import { onTheme, token } from "./theme.js";

const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
/** @type {Set<Plot>} */
const drawn = new Set();
/** @type {Promise<PlotlyLibrary> | null} */
let loading = null;

const AGAIN_MS = 5000;

/* The library; asked for until it comes, so that a page opened on a bad line draws its charts once the line is back. */
function load() {
  loading ??= (async () => {
    for (;;) {
      if (await fetched()) return globalThis.Plotly;
      await betterTimes();
    }
  })();
  return loading;
}

function fetched() {
  return new Promise((done) => {
    const script = document.createElement("script");
    script.src = document.body.dataset.plotly ?? "";
    script.addEventListener("load", () => done(true));
    script.addEventListener("error", () => {
      script.remove();
      done(false);
    });
    document.head.append(script);
  });
}

function betterTimes() {
  return new Promise((done) => {
    globalThis.addEventListener("online", () => done(undefined), { once: true });
    setTimeout(done, AGAIN_MS);
  });
}

/* The figure with `var(--name)` put in as the theme has it. */
function coloured(value) {
  if (typeof value === "string") return value.startsWith("var(--") ? token(value.slice(6, -1)) : value;
  if (Array.isArray(value)) return value.length && typeof value[0] !== "object" ? value : value.map(coloured);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v)]));
  return value;
}

export class Plot {
  zoomed = false;
  ready = false;
  sharesZoom = false;
  element = /** @type {PlotElement} */ (document.createElement("div"));
  /** @type {PlotTrace[]} what is drawn, grown by `append` */
  data = [];
  /** @type {(number | string)[]} */
  range = [];

  /**
   * @param {HTMLElement} host
   * @param {{ onHover?: (at: number | string | null) => void, onMoved?: () => void }} [listeners]
   */
  constructor(host, { onHover, onMoved } = {}) {
    this.host = host;
    this.onHover = onHover;
    this.onMoved = onMoved;
  }

  /** @param {PlotFigure} figure */
  async draw(figure) {
    this.plotly = await load();
    this.figure = figure;
    this.data = figure.data.map((trace) => ({ ...trace, x: [...trace.x], y: [...trace.y] }));
    this.range = figure.layout.xaxis.range;
    if (!this.ready) {
      this.host.querySelector(".wait")?.remove();
      this.host.append(this.element);
    }
    await this.#paint();
    if (this.ready) return;
    this.ready = true;
    drawn.add(this);
    this.element.on("plotly_relayout", (change) => this.#relayout(change));
    this.element.on("plotly_hover", ({ xvals }) => this.onHover?.(xvals?.[0] ?? null));
    this.element.on("plotly_unhover", () => this.onHover?.(null));
    this.element.on("plotly_doubleclick", () => this.unzoom()); // its drag layer swallows the browser’s own dblclick
    new ResizeObserver(() => this.#resize()).observe(this.host);
  }

  #resize() {
    const { width, height } = this.#size();
    if (!width || (width === this.element.layout?.width && height === this.element.layout?.height)) return;
    this.plotly?.relayout(this.element, { width, height }).then(() => this.onMoved?.());
  }

  #size() {
    return { width: this.host.clientWidth, height: this.figure?.layout.height ?? this.host.clientHeight };
  }

  #paint() {
    const layout = coloured({ ...this.figure?.layout, ...this.#size() });
    layout.xaxis.range = this.zoomed ? this.view() : [...this.range]; // a copy: plotly writes into what it is given
    const data = this.data.map((trace) => ({ ...coloured({ ...trace, x: null, y: null }), x: trace.x, y: trace.y }));
    return this.plotly?.react(this.element, data, layout, CONFIG).then(() => this.onMoved?.());
  }

  repaint() {
    return this.ready ? this.#paint() : undefined;
  }

  view() {
    return this.element.layout?.xaxis?.range ?? this.range;
  }

  axes() {
    return axesOf(this.element);
  }

  /**
   * Appends a point to each trace; the view moves on unless somebody has zoomed into the past.
   * @param {number} seconds
   * @param {(number | null)[]} values
   * @param {{ lengthSeconds?: number | null, from?: number | null, room?: number }} [view]
   */
  append(seconds, values, { lengthSeconds = null, from = null, room = 0 } = {}) {
    if (!this.ready) return;
    const at = seconds * 1000;
    this.data.forEach((trace, i) => {
      trace.x.push(at);
      trace.y.push(values[i] ?? null);
      while (lengthSeconds && trace.x.length && trace.x[0] < at - lengthSeconds * 1000) {
        trace.x.shift();
        trace.y.shift();
      }
    });
    const start = lengthSeconds ? at - lengthSeconds * 1000 : (from ?? new Date(this.range[0]).getTime());
    this.range = [start, at + (at - start) * room];
    const change = this.zoomed ? {} : { "xaxis.range": [...this.range] };
    this.plotly?.update(this.element, { x: this.data.map((t) => t.x), y: this.data.map((t) => t.y) }, change).then(() => this.onMoved?.());
  }

  /**
   * Shapes alone: what happened since.
   * @param {object[]} shapes
   */
  reshape(shapes) {
    if (!this.ready) return;
    if (this.figure) this.figure.layout.shapes = shapes;
    this.plotly?.relayout(this.element, { shapes: coloured(shapes) });
  }

  zoom(range) {
    this.zoomed = true;
    this.plotly?.relayout(this.element, { "xaxis.range": range });
  }

  unzoom() {
    this.zoomed = false;
    this.plotly?.relayout(this.element, { "xaxis.range": [...this.range] });
    for (const other of drawn) if (other.zoomed) other.unzoom();
  }

  #relayout(change) {
    const dragged = "xaxis.range[0]" in change;
    if (dragged) {
      this.zoomed = true;
      for (const other of drawn) if (other !== this && other.sharesZoom && this.sharesZoom) other.zoom([...this.view()]);
    }
    this.onMoved?.();
  }
}

onTheme(() => {
  for (const plot of drawn) plot.repaint();
});
