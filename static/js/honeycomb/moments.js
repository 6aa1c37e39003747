/* Who was in the honeycomb at a second of the past; while one moves through time, whoever stays keeps its place. */
import { Groups } from "./groups.js";
import { sharesOf, toldOf } from "./roster.js";

const MOST_EMPTY = 0.4; // with more holes than this, or fewer than half of them known, all is laid out anew by age
const LEAST_KNOWN = 0.5;

export class Moments {
  /** @type {Map<number, Cell>} */
  byKey = new Map();

  /**
   * Begins with the places of the live honeycomb, so that entering the past moves nothing that was there then too.
   * @param {import("./cells.js").Cells} live
   */
  constructor(live) {
    this.groups = new Groups(live.groups.by);
    this.groups.own = live.groups.own;
    this.places = new Map([...live.byKey.values()].map((cell) => [cell.key, cell.slot]));
  }

  get shape() {
    return this.groups.shape;
  }

  groupBy(by) {
    this.groups.lay([...this.byKey.values()], by);
    this.#remember();
  }

  /** @param {{ roster: Live.Columns, values: Live.Values }} moment */
  take({ roster, values }) {
    const here = new Set(roster.key), fill = sharesOf(values);
    const staying = roster.key.filter((key) => this.places.has(key)).length;
    for (const key of [...this.byKey.keys()]) if (!here.has(key)) this.#leave(key);
    const anew = staying < LEAST_KNOWN * here.size || this.#sparse(here.size);
    /** @type {Cell[]} */
    const fresh = [];
    roster.key.forEach((key, i) => {
      const known = this.byKey.get(key), told = toldOf(roster, i);
      /** @type {Cell} */
      const cell = known ? Object.assign(known, told) : { ...told, key, cpu: null, mem: null, group: "", slot: -1, x: NaN, y: NaN };
      fill(cell, i);
      if (!known) fresh.push(cell);
      else if (!anew && this.groups.nameOf(cell) !== cell.group) {
        this.groups.leave(cell);
        fresh.push(cell);
      }
    });
    for (const cell of fresh) this.byKey.set(cell.key, cell);
    if (anew) return this.groupBy(this.groups.by);
    const rest = fresh.filter((cell) => !this.#asBefore(cell)).sort((a, b) => a.created - b.created);
    for (const cell of rest) this.groups.enter(cell);
    return this.#remember();
  }

  #sparse(count) {
    const room = [...this.groups.values()].reduce((sum, group) => sum + group.slots.length, 0);
    return room > 40 && count < (1 - MOST_EMPTY) * room;
  }

  #remember() {
    for (const cell of this.byKey.values()) this.places.set(cell.key, cell.slot);
  }

  /* Into the place that it had, when nobody else has it now. */
  #asBefore(cell) {
    const slot = this.places.get(cell.key);
    if (slot === undefined || this.groups.of(cell).slots[slot]) return false;
    this.groups.put(cell, slot);
    return true;
  }

  /* Its place stays remembered, and its group stays as large as it was: nothing jumps while one drags. */
  #leave(key) {
    const cell = this.byKey.get(key);
    this.byKey.delete(key);
    if (cell) this.groups.leave(cell);
  }
}
