/* Who is in the honeycomb: the roster and its values as the socket tells them, and a place for life in each group. */
import { Groups } from "./groups.js";
import { sharesOf, toldOf } from "./roster.js";

const MOST_EMPTY = 0.4; // a group with more holes than this closes up

export class Cells {
  /** @type {Map<number, Cell>} in the order of the roster: values come in it */
  byKey = new Map();
  groups = new Groups();

  get shape() {
    return this.groups.shape;
  }

  /** @param {{ roster?: Live.Roster, values?: Live.Values }} message */
  take(message) {
    if (message.roster) this.#roster(message.roster);
    if (message.values) this.#values(message.values);
  }

  groupBy(by) {
    this.groups.lay([...this.byKey.values()], by);
  }

  /** @param {Live.Roster} roster */
  #roster(roster) {
    if (roster.full) this.byKey.clear();
    for (const key of roster.gone ?? []) this.#leave(key);
    /** @type {Cell[]} */
    const fresh = [];
    roster.key.forEach((key, i) => {
      const told = toldOf(roster, i), known = this.byKey.get(key);
      if (known) this.#change(known, { ...told, template: known.template });
      else fresh.push({ ...told, key, cpu: null, mem: null, group: "", slot: -1, x: NaN, y: NaN });
    });
    for (const cell of fresh) this.byKey.set(cell.key, cell);
    if (roster.full) return this.groupBy(this.groups.by);
    return fresh.sort((a, b) => a.created - b.created).forEach((cell) => this.groups.enter(cell));
  }

  /* It keeps its place unless what it is grouped by has changed. */
  #change(cell, told) {
    Object.assign(cell, told);
    if (this.groups.nameOf(cell) === cell.group) return;
    this.#vacate(cell);
    this.groups.enter(cell);
  }

  #leave(key) {
    const cell = this.byKey.get(key);
    if (!cell) return;
    this.byKey.delete(key);
    this.#vacate(cell);
  }

  /** @param {Cell} cell */
  #vacate(cell) {
    const group = this.groups.leave(cell), length = group.slots.length;
    while (group.slots.length && group.slots.at(-1) === null) group.slots.pop();
    if (1 - group.count / group.slots.length > MOST_EMPTY) {
      group.slots = group.slots.filter((one) => one !== null);
      group.slots.forEach((one, slot) => Object.assign(one ?? {}, { slot }));
    }
    if (group.slots.length !== length) this.groups.shape += 1;
  }

  /** @param {Live.Values} values */
  #values(values) {
    const fill = sharesOf(values);
    let i = 0;
    for (const cell of this.byKey.values()) fill(cell, i++);
  }
}
