/* A sparkline: a path and a dot in an SVG of its own size; gaps stay gaps. */
import { svg } from "./marks.js";

/** @type {WeakMap<Element, [number, number]>} */
const sizes = new WeakMap();

/**
 * Reads how large these are, all before any is drawn: a size asked for between two drawings lays out the whole page.
 * @param {Iterable<Element>} hosts
 */
export function measure(hosts) {
  for (const host of hosts) if (!sizes.has(host) && host.clientWidth) sizes.set(host, [host.clientWidth, host.clientHeight]);
}

/**
 * @param {SVGSVGElement} host
 * @param {(number | null)[]} values
 * @param {{ least?: number, most?: number | null }} [range]
 */
export function spark(host, values, { least = 0, most = null } = {}) {
  measure([host]);
  const [width, height] = sizes.get(host) ?? [56, 20];
  const known = values.flatMap((v) => (v !== null && v >= 0 ? [v] : []));
  host.replaceChildren();
  if (known.length < 2) return;
  const top = most ?? Math.max(...known, least + 1), low = most == null ? Math.min(...known, top) : least;
  const room = Math.max(top - low, 1e-9), step = (width - 5) / (values.length - 1);
  const y = (v) => height - 2.5 - ((Math.min(v, top) - low) / room) * (height - 5);
  let path = "", pen = "M", last = [0, 0];
  values.forEach((v, i) => {
    if (v == null || v < 0) {
      pen = "M";
      return;
    }
    path += `${pen}${(1 + i * step).toFixed(1)} ${y(v).toFixed(1)}`;
    pen = "L";
    last = [1 + i * step, y(v)];
  });
  host.setAttribute("viewBox", `0 0 ${width} ${height}`);
  host.append(svg("path", { d: path }), svg("circle", { cx: last[0].toFixed(1), cy: last[1].toFixed(1), r: 1.6 }));
}
