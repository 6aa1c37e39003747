/* Which sandboxes there were at the second shown: a table that draws only the rows in view. */
import { here } from "../here.js";
import { all, around, find } from "../dom.js";
import { percent, sizeOf, roundSize, span, usd, whole } from "../format.js";
import { stateMark } from "../marks.js";
import { exactly } from "../names.js";
import { onceAFrame } from "../once.js";

const ROW = 32, AROUND = 6, MIB = 1024 ** 2;
const text = (a, b) => a.localeCompare(b), least = (value) => value ?? -1;
/** @type {Record<string, (a: Cell, b: Cell) => number>} */
const ORDERS = {
  id: (a, b) => text(a.id, b.id),
  template: (a, b) => text(a.template, b.template) || text(a.id, b.id),
  owner: (a, b) => text(a.owner || "\uffff", b.owner || "\uffff") || text(a.id, b.id),
  age: (a, b) => a.created - b.created,
  cpu: (a, b) => least(b.cpu) - least(a.cpu),
  mem: (a, b) => least(b.mem) - least(a.mem),
  burn: (a, b) => b.burn - a.burn,
};
/** @param {Cell} cell */
const usedOf = (cell) => (cell.mem == null ? null : (cell.mem / 100) * cell.memory * MIB);
/** @type {((cell: Cell, at: number) => string | Node)[]} */
const CELLS = [
  (cell) => stateMark(cell.state === "p" ? "paused" : "running", cell.orphan !== "n"),
  (cell) => link(cell),
  (cell) => exactly(cell.template),
  (cell) => (cell.owner ? exactly(cell.owner) : "–"),
  (cell) => (cell.environment ? exactly(cell.environment) : "–"),
  (cell, at) => span(at - cell.created),
  (cell) => percent(cell.cpu, 0),
  (cell) => `${sizeOf(usedOf(cell), cell.memory * MIB)} / ${roundSize(cell.memory * MIB)}`,
  (cell) => usd(cell.burn),
];

function link(cell) {
  const made = document.createElement("a");
  Object.assign(made, { className: "id", href: here(`/sandboxes/${encodeURIComponent(cell.id)}/`), textContent: cell.id });
  return made;
}

export class List {
  order = "cpu";
  /** @type {Cell[]} */
  cells = [];
  at = 0;
  /** @type {HTMLTableRowElement[]} */
  kept = [];

  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.box = find("[data-then-box]", HTMLElement, section);
    this.body = find("tbody", HTMLElement, section);
    this.heads = all("[data-then-order]", HTMLElement, section);
    this.box.addEventListener("scroll", () => this.#soon(), { passive: true });
    section.addEventListener("click", (event) => {
      const order = around(event, "[data-then-order]")?.dataset.thenOrder;
      if (order) this.#sort(order);
    });
  }

  /**
   * @param {Iterable<Cell>} cells
   * @param {number} at when they were so, in Unix seconds
   */
  show(cells, at) {
    this.cells = [...cells].sort(ORDERS[this.order]);
    this.at = at;
    find("[data-then-count]", HTMLElement, this.section).textContent = whole(this.cells.length);
    this.#soon();
  }

  #sort(order) {
    this.order = order;
    this.cells.sort(ORDERS[order]);
    for (const head of this.heads) {
      const mine = head.dataset.thenOrder === order, th = head.closest("th");
      if (mine) th?.setAttribute("aria-sort", ["cpu", "mem", "burn"].includes(order) ? "descending" : "ascending");
      else th?.removeAttribute("aria-sort");
    }
    this.box.scrollTop = 0;
    this.#soon();
  }

  #soon = onceAFrame(() => this.#draw());

  #draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - AROUND);
    const count = Math.ceil(this.box.clientHeight / ROW) + 2 * AROUND;
    const rows = this.cells.slice(first, first + count).map((cell, i) => this.#row(i, cell));
    const below = this.cells.length - first - rows.length;
    this.body.replaceChildren(spacer(first), ...rows, spacer(below));
  }

  /* The elements are used again, so that a link keeps the keyboard while time moves. */
  #row(i, cell) {
    const row = (this.kept[i] ??= blank());
    CELLS.forEach((of, column) => {
      const td = row.children[column], said = of(cell, this.at);
      if (typeof said === "string") {
        if (td.textContent !== said) td.textContent = said;
      } else if (td.textContent !== said.textContent) td.replaceChildren(said);
    });
    return row;
  }
}

const LOOKS = ["c-state", "c-id", "c-template", "c-owner mut", "c-environment mut", "c-age r", "c-cpu r", "c-mem r", "c-burn r"];
function blank() {
  const row = document.createElement("tr");
  row.append(...LOOKS.map((className) => Object.assign(document.createElement("td"), { className })));
  return row;
}

function spacer(rows) {
  const row = document.createElement("tr"), cell = row.appendChild(document.createElement("td"));
  row.className = "spacer";
  row.setAttribute("aria-hidden", "true");
  cell.colSpan = 1; // more would make columns anew where narrow screens hide some
  cell.style.height = `${rows * ROW}px`;
  row.hidden = !rows;
  return row;
}
