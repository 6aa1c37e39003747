/* Paints the honeycomb on a canvas, and counts what it paints for the legend. */
import { token } from "../theme.js";
import { centre } from "./layout.js";
import { sprites } from "./sprites.js";

const STEPS = 10, LIT = 8, UNLIT = 1; // owners get no hues: the chosen one's cells are lit
let kept = { key: "", look: null, plan: null, made: null };

const clamp = (step) => Math.max(0, Math.min(STEPS - 1, step));
const steps = {
  cpu: (cell) => clamp(Math.floor((cell.cpu ?? 0) / 10)),
  mem: (cell) => clamp(Math.floor((cell.mem ?? 0) / 10)),
  age: (cell, now) => clamp(Math.floor(Math.log2(Math.max(now - cell.created, 30) / 60)) + 1),
  cost: (cell) => (cell.burn ? clamp(Math.floor(Math.log2(cell.burn / 0.02)) + 1) : 0),
  owner: (cell, now, owner) => (cell.owner === owner ? LIT : UNLIT),
};

export function colours() {
  return {
    heat: Array.from({ length: STEPS }, (_, i) => token(`heat-${i}`)),
    ...Object.fromEntries(["bg", "fg", "mut", "faint", "line", "ctl", "pause", "orph"].map((name) => [name, token(name)])),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/* The name of a cell's sprite, counted. */
function lookOf(cell, { measure, now, owner }, counts) {
  const step = steps[measure](cell, now, owner);
  if (cell.orphan !== "n") {
    counts.orphan += 1;
    return `orphan-${step}`;
  }
  if (cell.state === "p") {
    counts.paused += 1;
    return measure === "owner" && step === LIT ? "paused-lit" : "paused";
  }
  if (cell.cpu == null) {
    counts.stale += 1;
    return measure === "owner" ? `heat-${step}` : "silent";
  }
  counts.plain += 1;
  counts.steps[step] += 1;
  return `heat-${step}`;
}

/* Only cells whose look changed are painted anew, unless the plan, the theme, the size or the measure did. */
export function paint(canvas, plan, look, shown) {
  const ratio = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  const key = `${plan.radius}/${ratio}/${width}/${height}/${shown.measure}`;
  const anew = kept.key !== key || kept.look !== look || kept.plan !== plan;
  if (anew) {
    kept = { key, look, plan, made: sprites(plan.radius, ratio, look) };
    canvas.width = width; // empties it too
    canvas.height = height;
    for (const block of plan.blocks) Object.assign(block, { drawn: [], said: "" });
  }
  const pen = canvas.getContext("2d");
  const counts = { steps: new Array(STEPS).fill(0), paused: 0, orphan: 0, stale: 0, plain: 0 };
  for (const block of plan.blocks) {
    block.group.slots.forEach((cell, slot) => {
      const name = cell ? lookOf(cell, shown, counts) : "empty";
      const [x, y] = centre(block, plan.radius, slot);
      if (cell) Object.assign(cell, { x, y });
      if (block.drawn[slot] !== name) put(pen, x * ratio, y * ratio, name, block.drawn[slot] !== undefined);
      block.drawn[slot] = name;
    });
    label(pen, block, look, ratio);
  }
  return counts;
}

function put(pen, x, y, name, over) {
  const { made } = kept, left = Math.round(x) - made.half, top = Math.round(y) - made.half;
  if (over) pen.drawImage(made.blank, left, top);
  pen.drawImage(made[name], left, top);
}

function label(pen, block, look, ratio) {
  const { group, x, y } = block, said = `${group.name} ${group.count}`;
  if (block.said === said) return;
  block.said = said;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = `12px ${look.font}`;
  const wide = pen.measureText(group.name).width;
  pen.clearRect(x, y, wide + 60, 17);
  pen.fillStyle = look.mut;
  pen.fillText(group.name, x, y + 12);
  pen.fillStyle = look.faint;
  pen.fillText(group.count.toLocaleString("en-US"), x + wide + 7, y + 12);
  pen.setTransform(1, 0, 0, 1, 0, 0);
}
