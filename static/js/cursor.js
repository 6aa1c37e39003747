/* The table's cursor: the focus itself stands on a row, so that it is heard as well as seen; it survives scrolling. */
import { all, around, find } from "./dom.js";

const HEAD_ROWS = 1;

export class Cursor {
  at = -1; // its place in the whole list
  /** @type {string | null} the key that stands there */
  key = null;
  held = false; // whether the focus was on its row when that was last here

  /**
   * @param {HTMLElement} table
   * @param {import("./scroll.js").Scroller} list
   */
  constructor(table, list) {
    this.table = table;
    this.list = list;
    this.show(this.rows);
    document.addEventListener("focusin", (event) => {
      this.held = this.key !== null && around(event, "tr[data-key]")?.dataset.key === this.key;
    });
  }

  get rows() {
    return all("tr[data-key]", HTMLTableRowElement, this.table);
  }

  /* Its row, null while there is no cursor or that row is out of view. */
  get row() {
    return this.rows.find((row) => row.dataset.key === this.key) ?? null;
  }

  /* Whether keys are meant for the table: nothing else has the focus. */
  get hasFocus() {
    return document.activeElement === document.body || (this.key !== null && document.activeElement === this.row);
  }

  /**
   * Rows that came into view: which of all they are, and where the cursor is among them.
   * @param {Iterable<HTMLElement>} rows
   */
  show(rows) {
    for (const row of rows) {
      const here = row.dataset.key === this.key;
      row.setAttribute("aria-rowindex", String(this.list.indexOf(row.dataset.key) + 1 + HEAD_ROWS));
      row.classList.toggle("cur", here);
      if (here) row.tabIndex = 0;
      else row.removeAttribute("tabindex");
      if (here && this.held && document.activeElement === document.body) row.focus({ preventScroll: true });
    }
  }

  /** @param {number} by how many rows down */
  async move(by) {
    this.at = Math.max(0, this.at < 0 ? this.list.top : this.at + by);
    const row = await this.list.row(this.at);
    if (!row) return;
    this.key = row.dataset.key ?? null;
    this.at = this.list.indexOf(row.dataset.key);
    this.show(this.rows);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  leave() {
    const { row } = this;
    this.key = null;
    this.show(this.rows);
    if (row && document.activeElement === row) find("[data-scroll]").focus({ preventScroll: true });
  }
}
