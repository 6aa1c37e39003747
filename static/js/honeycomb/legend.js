/* Beside the honeycomb: how many cells look which way, what the colour measures, whose are lit. */
import { find } from "../dom.js";
import { whole } from "../format.js";
import { showOwners } from "./owners.js";
import { drawScale } from "./scale.js";
import { isTinted } from "./tint.js";

/** @type {Record<string, string>} */
const WORDS = { cpu: "CPU", mem: "memory", age: "age", cost: "cost an hour", owner: "owner" };

/**
 * @param {{ scale: HTMLElement, keys: HTMLElement }} parts
 * @param {ReturnType<typeof import("./paint.js").counted>} counts
 * @param {string} measure
 * @param {[name: string, count: number][] | undefined} owners most first, where the colour says whose
 * @param {string | undefined} lit the owner whose cells are lit
 * @returns {boolean} whether orphans are an area, not a ring each
 */
export function drawLegend({ scale, keys }, counts, measure, owners, lit) {
  showOwners(keys, owners, lit);
  drawScale(scale, counts, measure);
  for (const key of ["plain", "paused", "orphan", "stale"]) find(`[data-key=${key}]`, HTMLElement, keys).textContent = whole(counts[key]);
  find("[data-measure-word]", HTMLElement, keys).textContent = WORDS[measure];
  const tinted = isTinted(counts);
  keys.toggleAttribute("data-tinted", tinted);
  return tinted;
}
