// What the pages' scripts find in the browser beside the platform: htmx, Plotly, and events of our own.

declare const htmx: {
  ajax(verb: string, path: string, how: { target?: string; swap?: string; values?: Record<string, unknown> }): Promise<void>;
  trigger(target: Element, name: string): void;
  process(element: Element): void;
};

interface PlotLayout {
  xaxis: { range: (number | string)[] };
  shapes?: object[];
  width?: number;
  height?: number;
}

interface PlotTrace {
  x: number[];
  y: (number | null)[];
}

interface PlotFigure {
  data: PlotTrace[];
  layout: PlotLayout;
}

/* What Plotly makes of the element that it draws in; `_fullLayout` is for plotaxes.js alone. */
interface PlotElement extends HTMLDivElement {
  layout?: PlotLayout;
  _fullLayout?: Partial<Record<"xaxis" | "yaxis" | "yaxis2" | "yaxis3", PlotAxis>>;
  on(name: "plotly_relayout", does: (change: Record<string, unknown>) => void): void;
  on(name: "plotly_hover", does: (point: { xvals?: (number | string)[] }) => void): void;
  on(name: "plotly_unhover" | "plotly_doubleclick", does: () => void): void;
}

interface PlotAxis {
  _offset: number;
  _length: number;
  d2p(value: number): number;
  l2p(value: number): number;
}

interface PlotlyLibrary {
  react(element: HTMLElement, data: object[], layout: object, config: object): Promise<void>;
  relayout(element: HTMLElement, change: object): Promise<void>;
  update(element: HTMLElement, data: object, layout: object): Promise<void>;
}

declare var Plotly: PlotlyLibrary;

/* Where a plot's panels lie, in px from its element's corner. */
interface PlotAxes {
  left: number;
  width: number;
  x(ms: number): number;
  panels: { top: number; height: number; y(value: number): number }[];
}

/* A stretch of time without figures, in Unix seconds. */
interface Gap {
  start: number;
  end: number;
  why: string;
}

/* A sandbox in the honeycomb; `x` and `y` once it is drawn, `group` and `slot` once it has its place. */
interface Cell {
  key: number;
  id: string;
  template: string;
  owner: string;
  environment: string;
  state: string;
  orphan: string;
  created: number;
  burn: number;
  cpus: number | null;
  memory: number;
  cpu: number | null;
  mem: number | null;
  group: string;
  slot: number;
  x: number;
  y: number;
}

interface CellGroup {
  name: string;
  slots: (Cell | null)[];
  count: number;
}

/* What `on` of live.js listens to. */
interface Listened extends Live.Messages {
  figures: Live.Figures;
  connection: string;
}

/* The request that takes something back: by htmx, or as a form whose answer is a page. */
interface Undo {
  url: string;
  values: Record<string, unknown>;
  form?: boolean;
}

type HtmxEvent = CustomEvent<{ requestConfig: { verb: string; path: string } }>;

interface DocumentEventMap {
  acted: Event;
  frozen: Event;
  bulk: CustomEvent<{ url: string }>;
  past: Event;
  "row-gone": CustomEvent<string>;
  theme: Event;
  toast: CustomEvent<{ mark: string; text: string; ok?: boolean; trail?: string; undo?: Undo }>;
  "htmx:beforeRequest": HtmxEvent;
  "htmx:sendError": HtmxEvent;
}
