/* Rows of a stream, newest first: those that are new go where they belong, those that are there stay as they are. */
import { keyOf } from "./blocks.js";

/**
 * Puts into `table` the rows of a newer reading that it lacks, each behind the one that stands before it there.
 * @param {HTMLElement} table
 * @param {HTMLTableRowElement[]} rows the newest, in order
 * @param {Map<string, HTMLTableRowElement>} known those of the table by their keys
 */
export function merge(table, rows, known) {
  table.querySelector("tr.none")?.remove();
  /** @type {HTMLTableRowElement | null} */
  let before = null;
  for (const row of rows) {
    const there = known.get(keyOf(row));
    if (!there) {
      row.classList.add("is-new");
      if (before) before.after(row);
      else table.prepend(row);
    }
    before = there ?? row;
  }
}
