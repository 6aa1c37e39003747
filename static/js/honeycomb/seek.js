/* Which cell is meant, by a pointer or by an arrow key from another one; and the way to its page. */
import { here } from "../here.js";

/**
 * The cell nearest to a point, null when none is within `reach` px.
 * @param {Iterable<Cell>} cells
 * @param {[x: number, y: number]} point
 * @param {number} reach
 */
export function nearest(cells, [x, y], reach) {
  /** @type {Cell | null} */
  let best = null;
  let least = reach ** 2;
  for (const cell of cells) {
    const far = (cell.x - x) ** 2 + (cell.y - y) ** 2;
    if (far < least) [best, least] = [cell, far];
  }
  return best;
}

/**
 * The nearest cell in that direction, the sideways distance counting double; null at the edge.
 * @param {Iterable<Cell>} cells
 * @param {Cell} from
 * @param {[dx: number, dy: number]} way
 */
export function towards(cells, from, [dx, dy]) {
  /** @type {Cell | null} */
  let best = null;
  let least = Infinity;
  for (const cell of cells) {
    const ahead = (cell.x - from.x) * dx + (cell.y - from.y) * dy;
    if (ahead < 1) continue;
    const aside = Math.abs((cell.x - from.x) * dy) + Math.abs((cell.y - from.y) * dx);
    const far = ahead + 2 * aside;
    if (far < least) [best, least] = [cell, far];
  }
  return best;
}

/** @param {string} path of a page of ours */
export const follow = (path) => location.assign(here(path));

/**
 * To a sandbox's page, in a tab of its own with Ctrl or ⌘.
 * @param {Cell | null} cell
 * @param {MouseEvent | KeyboardEvent} event
 */
export function go(cell, event) {
  if (!cell) return;
  const path = here(`/sandboxes/${encodeURIComponent(cell.id)}/`);
  if (event.ctrlKey || event.metaKey) open(path, "_blank", "noopener");
  else location.assign(path);
}
