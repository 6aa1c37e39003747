/* Paints the honeycomb on a canvas: one path a heat step, one for each kind of mark. */
import { token } from "../theme.js";
import { centre } from "./layout.js";

const STEPS = 10, BARS_FROM = 4;
const TURNS = [0, 1, 2, 3, 4, 5].map((i) => [Math.cos((i * Math.PI) / 3), Math.sin((i * Math.PI) / 3)]);

export const steps = {
  cpu: (cell) => (cell.cpu == null ? null : Math.min(9, Math.floor(cell.cpu / 10))),
  mem: (cell) => (cell.mem == null ? null : Math.min(9, Math.floor(cell.mem / 10))),
  age: (cell, now) => clamp(Math.floor(Math.log2(Math.max(now - cell.created, 30) / 60)) + 1),
  cost: (cell) => (cell.burn ? clamp(Math.floor(Math.log2(cell.burn / 0.02)) + 1) : 0),
};
const clamp = (step) => Math.max(0, Math.min(9, step));

export function colours() {
  return {
    heat: Array.from({ length: STEPS }, (_, i) => token(`heat-${i}`)),
    ...Object.fromEntries(["bg", "fg", "mut", "faint", "line", "ctl", "pause", "orph"].map((name) => [name, token(name)])),
    font: getComputedStyle(document.body).fontFamily,
  };
}

function hexagon(path, x, y, r) {
  TURNS.forEach(([dx, dy], i) => (i ? path.lineTo(x + dx * r, y + dy * r) : path.moveTo(x + dx * r, y + dy * r)));
  path.closePath();
}

/* Sorts every cell into the path of its look; the cells get their places for hovering. */
function paths(plan, measure, now) {
  const heat = Array.from({ length: STEPS }, () => new Path2D());
  const made = { heat, empty: new Path2D(), pause: new Path2D(), bars: new Path2D(), orphan: new Path2D(), silent: new Path2D(), stripes: new Path2D() };
  const counts = { steps: new Array(STEPS).fill(0), paused: 0, orphan: 0, stale: 0, plain: 0 };
  const r = Math.max(plan.radius - (plan.radius > 5 ? 0.9 : 0.45), 1);
  for (const block of plan.blocks) {
    block.group.slots.forEach((cell, slot) => {
      const [x, y] = centre(block, plan.radius, slot);
      if (!cell) return hexagon(made.empty, x, y, r);
      cell.x = x;
      cell.y = y;
      return place(made, counts, cell, x, y, r, steps[measure](cell, now));
    });
  }
  return { made, counts };
}

function place(made, counts, cell, x, y, r, step) {
  if (cell.orphan !== "n") {
    counts.orphan += 1;
    hexagon(made.heat[step ?? 0], x, y, r * 0.5);
    made.orphan.moveTo(x + r * 0.84, y);
    made.orphan.arc(x, y, r * 0.84, 0, 2 * Math.PI);
  } else if (cell.state === "p") {
    counts.paused += 1;
    hexagon(made.pause, x, y, r - 0.5);
    if (r >= BARS_FROM) {
      for (const dx of [-0.22, 0.22]) {
        made.bars.moveTo(x + dx * r, y - r * 0.34);
        made.bars.lineTo(x + dx * r, y + r * 0.34);
      }
    }
  } else if (cell.cpu == null) {
    counts.stale += 1;
    hexagon(made.silent, x, y, r - 0.5);
    for (const d of [-0.45, 0, 0.45]) {
      made.stripes.moveTo(x - r * 0.45 + d * r * 0.6, y + r * 0.45 + d * r * 0.6);
      made.stripes.lineTo(x + r * 0.45 + d * r * 0.6, y - r * 0.45 + d * r * 0.6);
    }
  } else {
    counts.plain += 1;
    counts.steps[step] += 1;
    hexagon(made.heat[step], x, y, r);
  }
}

export function paint(canvas, plan, look, { measure, now, lit }) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const { made, counts } = paths(plan, measure, now);
  made.heat.forEach((path, step) => fill(pen, path, look.heat[step]));
  stroke(pen, made.empty, look.line, 0.8);
  stroke(pen, made.pause, look.pause, 1, 0.6);
  stroke(pen, made.bars, look.pause, plan.radius > 8 ? 1.5 : 1.2);
  stroke(pen, made.silent, look.ctl, 1);
  stroke(pen, made.stripes, look.ctl, 0.8);
  pen.setLineDash([plan.radius * 0.55, plan.radius * 0.3]);
  stroke(pen, made.orphan, look.orph, Math.max(1.2, plan.radius * 0.17));
  pen.setLineDash([]);
  names(pen, plan, look);
  if (lit) {
    const ring = new Path2D();
    hexagon(ring, lit.x, lit.y, plan.radius + 0.6);
    stroke(pen, ring, look.fg, 1.6);
  }
  return counts;
}

function names(pen, plan, look) {
  pen.font = `12px ${look.font}`;
  pen.textBaseline = "alphabetic";
  for (const { group, x, y } of plan.blocks) {
    pen.fillStyle = look.mut;
    pen.fillText(group.name, x, y + 12);
    pen.fillStyle = look.faint;
    pen.fillText(group.count.toLocaleString("en-US"), x + pen.measureText(group.name).width + 7, y + 12);
  }
}

function fill(pen, path, colour) {
  pen.fillStyle = colour;
  pen.fill(path);
}

function stroke(pen, path, colour, width, opacity = 1) {
  pen.globalAlpha = opacity;
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke(path);
  pen.globalAlpha = 1;
}
