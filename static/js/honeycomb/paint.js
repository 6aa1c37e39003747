/* Paints the honeycomb on a canvas, and counts what it paints for the legend. */
import { whole } from "../format.js";
import { spelled } from "../names.js";
import { token } from "../theme.js";
import { centre } from "./layout.js";
import { penOf, sprites } from "./sprites.js";

const STEPS = 10, LIT = 8, UNLIT = 1; // owners get no hues: the chosen one's cells are lit
const BUDGET_MS = 12, STRIDE = 64;
const HEAT = Array.from({ length: STEPS }, (_, i) => `heat-${i}`), CORES = HEAT.map((_, i) => `orphan-${i}`), TINTS = HEAT.map((_, i) => `tint-${i}`);
/**
 * @typedef {{ measure: string, now: number, owner: string | undefined, tinted: boolean }} Shown `tinted`: orphans as an area
 * @typedef {import("./layout.js").Block & { drawn: string[], said: string, places: Float32Array }} Painted a block and what of it is painted
 */

/** @type {{ key: string, look: import("./sprites.js").Look, plan: import("./layout.js").Plan, blocks: Painted[], ratio: number } & ReturnType<typeof sprites> | null} */
let kept = null;

const clamp = (step) => Math.max(0, Math.min(STEPS - 1, step));
/** @type {Record<string, (cell: Cell, now: number, owner: string | undefined) => number>} */
const steps = {
  cpu: (cell) => clamp(Math.floor((cell.cpu ?? 0) / 10)),
  mem: (cell) => clamp(Math.floor((cell.mem ?? 0) / 10)),
  age: (cell, now) => clamp(Math.floor(Math.log2(Math.max(now - cell.created, 30) / 60)) + 1),
  cost: (cell) => (cell.burn ? clamp(Math.floor(Math.log2(cell.burn / 0.02)) + 1) : 0),
  owner: (cell, now, owner) => (cell.owner === owner ? LIT : UNLIT),
};

/** @returns {import("./sprites.js").Look} */
export function colours() {
  return {
    heat: Array.from({ length: STEPS }, (_, i) => token(`heat-${i}`)),
    bg: token("bg"), fg: token("fg"), mut: token("mut"), faint: token("faint"),
    line: token("line"), ctl: token("ctl"), pause: token("pause"), orph: token("orph"),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/**
 * The name of a cell's sprite; counted where somebody counts.
 * @param {Cell} cell
 * @param {Shown} shown
 * @param {ReturnType<typeof counted> | null} counts
 */
function lookOf(cell, { measure, now, owner, tinted }, counts) {
  const step = steps[measure](cell, now, owner);
  const kind = cell.orphan !== "n" ? "orphan" : cell.state === "p" ? "paused" : cell.cpu == null ? "stale" : "plain";
  if (counts) {
    counts[kind] += 1;
    if (kind === "plain") counts.steps[step] += 1;
  }
  if (kind === "orphan") return (tinted ? TINTS : CORES)[step];
  if (kind === "paused") return measure === "owner" && step === LIT ? "paused-lit" : "paused";
  return kind === "stale" && measure !== "owner" ? "silent" : HEAT[step];
}

/**
 * What the legend says of these cells; cheap beside painting them.
 * @param {import("./layout.js").Plan} plan
 * @param {Shown} shown
 */
export function counted(plan, shown) {
  const counts = { steps: Array.from({ length: STEPS }, () => 0), paused: 0, orphan: 0, stale: 0, plain: 0 };
  for (const { group } of plan.blocks) for (const cell of group.slots) if (cell) lookOf(cell, shown, counts);
  return counts;
}

/**
 * Makes the canvas ready; only what changed is painted on it, unless the plan, the theme, the size or the measure did.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./layout.js").Plan} plan
 * @param {import("./sprites.js").Look} look
 * @param {Shown} shown
 */
export function prepare(canvas, plan, look, shown) {
  const ratio = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  const key = `${plan.radius}/${ratio}/${width}/${height}/${shown.measure}`;
  if (kept?.key === key && kept.look === look && kept.plan === plan) return;
  const blocks = plan.blocks.map((block) => Object.assign(block, { drawn: [], said: "", places: placesOf(block, plan.radius) }));
  kept = { key, look, plan, blocks, ratio, ...sprites(plan.radius, ratio, look) };
  canvas.width = width; // empties it too
  canvas.height = height;
}

/**
 * Paints on from `from` for as long as it may; returns where it stopped, null at the end. Ten thousand cells that all
 * changed take a slow machine longer than a frame, and nobody waits for a honeycomb with a frozen page.
 * @param {HTMLCanvasElement} canvas
 * @param {Shown} shown
 */
function paint(canvas, shown, from = { block: 0, slot: 0 }) {
  if (!kept) return null;
  const pen = penOf(canvas), { blocks, ratio, look } = kept, end = performance.now() + BUDGET_MS;
  for (let b = from.block; b < blocks.length; b += 1) {
    const block = blocks[b], { drawn, places } = block, { slots } = block.group;
    for (let slot = b === from.block ? from.slot : 0; slot < slots.length; slot += 1) {
      if (slot % STRIDE === 0 && performance.now() > end) return { block: b, slot };
      const cell = slots[slot], name = cell ? lookOf(cell, shown, null) : "empty";
      if (drawn[slot] === name) continue;
      put(pen, kept, places[2 * slot] * ratio, places[2 * slot + 1] * ratio, name, drawn[slot] !== undefined);
      drawn[slot] = name;
    }
    label(pen, block, look, ratio);
  }
  return null;
}

let painting = 0;

/**
 * Paints all of it, a frame after the other; from the start again when there was news: what is painted costs nothing.
 * @param {HTMLCanvasElement} canvas
 * @param {Shown} shown
 * @param {{ block: number, slot: number }} [from]
 */
export function paintOn(canvas, shown, from) {
  cancelAnimationFrame(painting);
  const rest = paint(canvas, shown, from);
  if (rest) painting = requestAnimationFrame(() => paintOn(canvas, shown, rest));
}

/* Each cell learns where it stands: for the pointer and the keyboard. */
export function settle() {
  for (const { group, places } of kept?.blocks ?? []) {
    group.slots.forEach((cell, slot) => {
      if (!cell) return;
      cell.x = places[2 * slot];
      cell.y = places[2 * slot + 1];
    });
  }
}

function placesOf(block, radius) {
  const places = new Float32Array(2 * block.group.slots.length);
  for (let slot = 0; slot < block.group.slots.length; slot += 1) places.set(centre(block, radius, slot), 2 * slot);
  return places;
}

function put(pen, { made, half }, x, y, name, over) {
  const left = Math.round(x) - half, top = Math.round(y) - half;
  if (over) pen.drawImage(made.blank, left, top);
  pen.drawImage(made[name], left, top);
}

function label(pen, block, look, ratio) {
  const { group, x, y } = block, said = `${group.name} ${group.count}`, name = spelled(group.name);
  if (block.said === said) return;
  block.said = said;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = `12px ${look.font}`;
  const wide = pen.measureText(name).width;
  pen.clearRect(x, y, wide + 60, 17);
  pen.fillStyle = look.mut;
  pen.fillText(name, x, y + 12);
  pen.fillStyle = look.faint;
  pen.fillText(whole(group.count), x + wide + 7, y + 12);
  pen.setTransform(1, 0, 0, 1, 0, 0);
}
