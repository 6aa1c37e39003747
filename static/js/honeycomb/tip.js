/* Who is under the pointer: the card beside a cell. */
import { percent, roundSize, span, usd } from "../format.js";
import { stateMark } from "../marks.js";
import { exactly, spelled } from "../names.js";
import { stateOf } from "./groups.js";

const MIB = 1024 ** 2;

/** @param {Cell} cell */
export function words(cell) {
  return `${cell.id}, ${stateOf(cell)}, ${spelled(cell.template)}, CPU ${percent(cell.cpu, 0)}, memory ${percent(cell.mem, 0)}`;
}

/**
 * @param {Cell} cell
 * @param {number} now
 */
export function card(cell, now) {
  const tip = document.createElement("div");
  tip.className = "tip";
  const id = document.createElement("span");
  id.className = "id";
  id.textContent = cell.id;
  const whose = document.createElement("div");
  whose.className = "faint";
  [cell.template, cell.owner, cell.environment].filter(Boolean).forEach((name, i) => whose.append(i ? " · " : "", exactly(name)));
  const facts = document.createElement("dl");
  const memory = cell.memory * MIB;
  for (const [name, value] of [
    ["CPU", cell.cpu == null ? "no sample" : `${percent(cell.cpu, 0)} of ${cell.cpus} vCPU`],
    ["Memory", cell.mem == null ? "no sample" : `${percent(cell.mem, 0)} of ${roundSize(memory)}`],
    ["Age", span(now - cell.created)],
    ["Cost", `${usd(cell.burn)}/h`],
  ]) {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    facts.append(dt, dd);
  }
  tip.append(id, stateMark(cell.state === "p" ? "paused" : "running", cell.orphan !== "n"), whose, facts);
  return tip;
}

/**
 * @param {HTMLElement} tip
 * @param {HTMLElement} host
 * @param {Cell} cell
 * @param {number} radius
 */
export function beside(tip, host, cell, radius) {
  const room = host.getBoundingClientRect();
  const left = cell.x + radius + 14 + 236 > room.width ? cell.x - radius - 14 - 236 : cell.x + radius + 14;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${Math.max(0, Math.min(cell.y - 30, room.height - 170))}px`;
}

/* The ring around the cell that is meant. */
export function surround(ring, cell, radius) {
  const size = 2 * (radius + 1.5);
  Object.assign(ring.style, { left: `${cell.x - size / 2}px`, top: `${cell.y - size / 2}px`, width: `${size}px`, height: `${size}px` });
}
