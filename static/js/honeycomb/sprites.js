/* Every look a cell can have, drawn once for a radius and a theme: painting ten thousand cells is then only copying. */
import { laidOver } from "./tint.js";

const BARS_FROM = 4;
const TURNS = [0, 1, 2, 3, 4, 5].map((i) => [Math.cos((i * Math.PI) / 3), Math.sin((i * Math.PI) / 3)]);

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
export function penOf(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser draws on no canvas");
  return pen;
}

function hexagon(pen, x, y, r) {
  pen.beginPath();
  TURNS.forEach(([dx, dy], i) => (i ? pen.lineTo(x + dx * r, y + dy * r) : pen.moveTo(x + dx * r, y + dy * r)));
  pen.closePath();
}

/**
 * @typedef {{ heat: string[], font: string } & Record<"bg" | "fg" | "mut" | "faint" | "line" | "ctl" | "pause" | "orph", string>} Look
 * @typedef {Record<string, HTMLCanvasElement>} Sprites
 */

/**
 * `heat-0` … `heat-9`, `orphan-0` … `orphan-9`, `tint-0` … `tint-9`, `paused`, `paused-lit`, `silent`, `empty`, `blank` → a canvas, its middle the cell's;
 * `half` is half a canvas's side.
 * @param {number} radius
 * @param {number} ratio
 * @param {Look} look
 */
export function sprites(radius, ratio, look) {
  const half = Math.ceil((radius + 2) * ratio);
  const r = Math.max(radius - (radius > 5 ? 0.9 : 0.45), 1);
  /** @param {(pen: CanvasRenderingContext2D) => void} does */
  const draw = (does) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 2 * half;
    const pen = penOf(canvas);
    pen.setTransform(ratio, 0, 0, ratio, half, half);
    does(pen);
    return canvas;
  };
  /** @type {Sprites} */
  const made = {};
  look.heat.forEach((colour, step) => {
    made[`heat-${step}`] = draw((pen) => fill(pen, r, colour));
    made[`orphan-${step}`] = draw((pen) => orphan(pen, r, radius, colour, look.orph));
    made[`tint-${step}`] = draw((pen) => tinted(pen, r, radius, colour, laidOver(look.bg, look.orph, 0.34)));
  });
  made.paused = draw((pen) => paused(pen, r, radius, look.pause));
  made["paused-lit"] = draw((pen) => {
    fill(pen, r, look.heat[8]);
    bars(pen, r, radius, look.bg);
  });
  made.silent = draw((pen) => silent(pen, r, look.ctl));
  made.blank = draw((pen) => fill(pen, radius, look.bg));
  made.empty = draw((pen) => outline(pen, r, look.line, 0.8));
  return { half, made };
}

function fill(pen, r, colour) {
  hexagon(pen, 0, 0, r);
  pen.fillStyle = colour;
  pen.fill();
}

function outline(pen, r, colour, width, opacity = 1) {
  pen.globalAlpha = opacity;
  hexagon(pen, 0, 0, r - width / 2);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
  pen.globalAlpha = 1;
}

/* A broken ring round a half-size core. */
function orphan(pen, r, radius, core, hue) {
  const line = Math.max(1.2, radius * 0.14), ring = r * 0.866 - line / 2; // inside the cell: it touches no neighbour
  fill(pen, r * 0.46, core);
  pen.beginPath();
  pen.arc(0, 0, ring, 0, 2 * Math.PI);
  pen.setLineDash([(ring * 2 * Math.PI) / 6 * 0.64, (ring * 2 * Math.PI) / 6 * 0.36]);
  pen.strokeStyle = hue;
  pen.lineWidth = line;
  pen.stroke();
  pen.setLineDash([]);
}

/* One of many orphans: an even ground, touching its neighbours, with the same half-size core. */
function tinted(pen, r, radius, core, ground) {
  fill(pen, radius, ground);
  fill(pen, r * 0.5, core);
}

/* Hollow, with two bars where there is room for them. */
function paused(pen, r, radius, colour) {
  outline(pen, r, colour, 1, 0.6);
  bars(pen, r, radius, colour);
}

function bars(pen, r, radius, colour) {
  if (r < BARS_FROM) return;
  pen.beginPath();
  for (const dx of [-0.22, 0.22]) {
    pen.moveTo(dx * r, -r * 0.34);
    pen.lineTo(dx * r, r * 0.34);
  }
  pen.lineWidth = radius > 8 ? 1.5 : 1.2;
  pen.strokeStyle = colour;
  pen.stroke();
}

/* Hatched: nothing was heard of it. */
function silent(pen, r, colour) {
  outline(pen, r, colour, 1);
  pen.beginPath();
  for (const d of [-0.45, 0, 0.45]) {
    pen.moveTo(-r * 0.45 + d * r * 0.6, r * 0.45 + d * r * 0.6);
    pen.lineTo(r * 0.45 + d * r * 0.6, -r * 0.45 + d * r * 0.6);
  }
  pen.lineWidth = 0.8;
  pen.stroke();
}
