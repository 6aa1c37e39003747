/* Who was in the honeycomb at a second of the past; while one moves through time, whoever stays keeps its place. */
import { bytes } from "./cells.js";

const MOST_EMPTY = 0.4; // with more holes than this, or fewer than half of them known, all is laid out anew by age
const LEAST_KNOWN = 0.5;

export class Moments {
  /* Begins with the places of the live honeycomb, so that entering the past moves nothing that was there then too. */
  constructor(live) {
    this.byKey = new Map();
    this.groups = new Map();
    this.shape = 0;
    this.places = new Map([...live.groups.values()].flatMap((group) => group.slots.map((cell, slot) => [cell?.key, slot])));
  }

  take({ roster, values }) {
    const here = new Set(roster.key);
    const known = roster.key.filter((key) => this.places.has(key)).length;
    for (const key of [...this.byKey.keys()]) if (!here.has(key)) this.#leave(key);
    if (known < LEAST_KNOWN * here.size || this.#sparse(here.size)) this.#forget();
    const cpu = bytes(values.cpu), mem = bytes(values.mem);
    const fresh = [];
    roster.key.forEach((key, i) => {
      const cell = this.byKey.get(key) ?? { key };
      if (!this.byKey.has(key)) fresh.push(cell);
      Object.assign(cell, toldOf(roster, i), { cpu: cpu[i] === 255 ? null : cpu[i], mem: mem[i] === 255 ? null : mem[i] });
    });
    for (const cell of fresh) if (this.#asBefore(cell)) this.byKey.set(cell.key, cell);
    for (const cell of fresh) if (!this.byKey.has(cell.key)) this.#enter(cell);
  }

  #sparse(count) {
    const room = [...this.groups.values()].reduce((sum, group) => sum + group.slots.length, 0);
    return room > 40 && count < (1 - MOST_EMPTY) * room;
  }

  #forget() {
    this.byKey.clear();
    this.groups.clear();
    this.places.clear();
    this.shape += 1;
  }

  #group(name) {
    let group = this.groups.get(name);
    if (!group) this.groups.set(name, (group = { name, slots: [], count: 0, holes: 0 }));
    return group;
  }

  /* Into the place that it had, when nobody else has it now. */
  #asBefore(cell) {
    const slot = this.places.get(cell.key);
    if (slot === undefined) return false;
    const group = this.#group(cell.template);
    if (group.slots[slot]) return false;
    while (group.slots.length <= slot) {
      group.slots.push(null);
      group.holes += 1;
      this.shape += 1;
    }
    this.#put(group, slot, cell);
    group.holes -= 1;
    return true;
  }

  /* Into the first hole, else at the end. */
  #enter(cell) {
    const group = this.#group(cell.template);
    if (group.holes) {
      this.#put(group, group.slots.indexOf(null), cell);
      group.holes -= 1;
    } else {
      this.#put(group, group.slots.length, cell);
      this.shape += 1;
    }
    this.byKey.set(cell.key, cell);
  }

  #put(group, slot, cell) {
    group.slots[slot] = cell;
    group.count += 1;
    this.places.set(cell.key, slot);
  }

  /* Its place stays remembered, and its group stays as large as it was: nothing jumps while one drags. */
  #leave(key) {
    const cell = this.byKey.get(key), group = this.groups.get(cell.template);
    this.byKey.delete(key);
    group.slots[group.slots.indexOf(cell)] = null;
    group.count -= 1;
    group.holes += 1;
    if (group.count) return;
    this.groups.delete(group.name);
    this.shape += 1;
  }
}

const toldOf = (roster, i) => ({
  id: roster.id[i],
  template: roster.words[roster.template[i]],
  owner: roster.words[roster.owner[i]],
  environment: roster.words[roster.environment[i]],
  state: roster.state[i],
  orphan: roster.orphan[i],
  created: roster.created[i],
  burn: roster.burn[i],
  cpus: roster.cpus[i],
  memory: roster.memory[i],
});
