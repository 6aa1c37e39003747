/* Blocks of rows of the table: how one is asked for, and what stands for those out of view. */
import { all, maybe } from "./dom.js";

/**
 * @typedef {{ cursor: string | null, keys: string[] | null, rows: HTMLTableRowElement[] | null, again: boolean }} Block
 *   `again`: it was there before
 */

/** @returns {Block} */
export const blank = () => ({ cursor: null, keys: null, rows: null, again: false });

/** @param {HTMLElement} row */
export const keyOf = (row) => row.dataset.key ?? "";

/**
 * The row that holds the place of those that are out of view.
 * @param {HTMLElement} table
 * @param {"prepend" | "append"} where
 */
export function spacer(table, where) {
  const row = document.createElement("tr"), cell = document.createElement("td");
  row.className = "spacer";
  row.setAttribute("aria-hidden", "true");
  row.append(cell);
  table[where](row);
  return row;
}

/** @param {HTMLTableRowElement} row */
export function setHeight(row, pixels) {
  row.hidden = pixels < 1;
  row.cells[0].style.height = `${pixels}px`;
}

/**
 * @param {string} address
 * @param {AbortSignal} signal
 */
export async function fetched(address, signal) {
  const answer = await fetch(address, { signal, headers: { "HX-Request": "true" } });
  if (answer.redirected) return void location.assign(location.href); // signed out meanwhile
  if (!answer.ok) throw new Error(`${answer.status}`);
  const held = document.createElement("template");
  // eslint-disable-next-line no-restricted-syntax -- our own fragment, escaped where it was made
  held.innerHTML = `<table><tbody>${await answer.text()}</tbody></table>`;
  return { rows: all("tr[data-key]", HTMLTableRowElement, held.content), more: maybe("[data-more]", HTMLElement, held.content) };
}
