/* The first cells take the place of what was said while there were none. */
import { maybe } from "../dom.js";

/**
 * @param {HTMLElement} host
 * @param {HTMLCanvasElement} canvas
 */
export function open(host, canvas) {
  maybe("[data-first-steps]")?.remove();
  host.hidden = false;
  host.replaceChildren(canvas);
}
