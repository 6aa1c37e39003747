/* A sparkline: a path and a dot in an SVG of its own size; gaps stay gaps. */
import { svg } from "./marks.js";

export function spark(host, values, { least = 0, most = null } = {}) {
  const width = host.clientWidth || 56, height = host.clientHeight || 20;
  const known = values.filter((v) => v != null && v >= 0);
  host.replaceChildren();
  if (known.length < 2) return;
  const top = most ?? Math.max(...known, least + 1), low = most == null ? Math.min(...known, top) : least;
  const room = Math.max(top - low, 1e-9), step = (width - 5) / (values.length - 1);
  const y = (v) => height - 2.5 - ((Math.min(v, top) - low) / room) * (height - 5);
  let path = "", pen = "M", last = null;
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
