/* Which group a cell belongs to, and its place for life in it: into the first hole, else at the end. */
const MOST = 12; // of more groups than this the smallest share one, or none would have room for its name
const REST = "all others";

/** @param {Cell} cell */
export const stateOf = (cell) => (cell.orphan !== "n" ? "orphan" : cell.state === "p" ? "paused" : "running");
/** @type {Record<string, (cell: Cell) => string>} */
const NAMES = {
  template: (cell) => cell.template,
  owner: (cell) => cell.owner || "no owner",
  environment: (cell) => cell.environment || "no environment",
  state: stateOf,
};

/* The table of a group's sandboxes; null for what no filter can ask for. */
export function addressOf(by, { name }) {
  if (name === REST || name.startsWith("no ")) return null;
  if (by === "state" && name === "orphan") return "/sandboxes/?orphan=true";
  return `/sandboxes/?${new URLSearchParams({ [by]: name.replaceAll(",", "\\,") })}`;
}

/**
 * Cells by this measure, most numerous first: [[name, count], …]
 * @param {Iterable<Cell>} cells
 * @param {(cell: Cell) => string} nameOf
 * @returns {[name: string, count: number][]}
 */
export function tally(cells, nameOf) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const cell of cells) counts.set(nameOf(cell), (counts.get(nameOf(cell)) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
}

/** @extends {Map<string, CellGroup>} */
export class Groups extends Map {
  shape = 0; // moves when a group needs more room or less
  /** @type {Set<string> | null} */
  own = null;

  constructor(by = "template") {
    super();
    this.by = by;
  }

  /**
   * All of these anew, oldest first. Which groups stand by themselves is settled here, so that none comes and goes.
   * @param {Cell[]} cells
   */
  lay(cells, by = this.by) {
    this.clear();
    this.by = by;
    this.shape += 1;
    const counted = tally(cells, NAMES[by]);
    this.own = counted.length > MOST ? new Set(counted.slice(0, MOST - 1).map(([name]) => name)) : null;
    for (const cell of [...cells].sort((a, b) => a.created - b.created)) this.put(cell, this.of(cell).slots.length);
  }

  /** @param {Cell} cell */
  nameOf(cell) {
    const name = NAMES[this.by](cell);
    return !this.own || this.own.has(name) ? name : REST;
  }

  /** @param {Cell} cell */
  of(cell) {
    const name = this.nameOf(cell);
    const group = this.get(name) ?? { name, slots: [], count: 0 };
    if (!group.count) this.set(name, group);
    return group;
  }

  /** @param {Cell} cell */
  enter(cell) {
    const { slots, count } = this.of(cell);
    this.put(cell, count < slots.length ? slots.indexOf(null) : slots.length);
  }

  /**
   * @param {Cell} cell
   * @param {number} slot
   */
  put(cell, slot) {
    const group = this.of(cell);
    if (slot >= group.slots.length) this.shape += 1;
    while (group.slots.length <= slot) group.slots.push(null);
    group.slots[slot] = cell;
    group.count += 1;
    Object.assign(cell, { group: group.name, slot });
  }

  /* The largest first, the shared one last. */
  inOrder() {
    const last = (group) => Number(group.name === REST);
    return [...this.values()].sort((a, b) => last(a) - last(b) || b.slots.length - a.slots.length || a.name.localeCompare(b.name));
  }

  /**
   * The group that it left, gone when it was the last.
   * @param {Cell} cell
   */
  leave(cell) {
    const group = this.get(cell.group) ?? { name: cell.group, slots: [], count: 1 };
    group.slots[cell.slot] = null;
    group.count -= 1;
    if (group.count) return group;
    this.delete(group.name);
    this.shape += 1;
    return group;
  }
}
