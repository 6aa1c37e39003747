/* Who is in the honeycomb: the roster and its values as the socket tells them, and a place for life in each group. */
const MOST_EMPTY = 0.4; // a group with more holes than this closes up

export class Cells {
  constructor() {
    this.byKey = new Map();
    this.groups = new Map(); // template → { name, slots: [cell or null] }
    this.shape = 0; // moves when a group needs more room or less
  }

  take(message) {
    if (message.roster) this.#roster(message.roster);
    if (message.values) this.#values(message.values);
  }

  #roster(roster) {
    if (roster.full) {
      this.byKey.clear();
      this.groups.clear();
      this.shape += 1;
    }
    for (const key of roster.gone ?? []) this.#leave(key);
    const fresh = [];
    roster.key.forEach((key, i) => {
      const told = {
        key,
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
      };
      const known = this.byKey.get(key);
      if (known) Object.assign(known, told, { template: known.template });
      else fresh.push({ ...told, cpu: null, mem: null });
    });
    for (const cell of fresh) this.byKey.set(cell.key, cell); // values come in this order
    fresh.sort((a, b) => a.created - b.created);
    for (const cell of fresh) this.#enter(cell, roster.full);
  }

  /* Into the first hole of its group, else at the end. */
  #enter(cell, full) {
    let group = this.groups.get(cell.template);
    if (!group) {
      group = { name: cell.template, slots: [], count: 0 };
      this.groups.set(cell.template, group);
    }
    const hole = full ? -1 : group.slots.indexOf(null);
    if (hole >= 0) group.slots[hole] = cell;
    else {
      group.slots.push(cell);
      this.shape += 1;
    }
    group.count += 1;
  }

  #leave(key) {
    const cell = this.byKey.get(key);
    if (!cell) return;
    this.byKey.delete(key);
    const group = this.groups.get(cell.template);
    group.slots[group.slots.indexOf(cell)] = null;
    group.count -= 1;
    if (!group.count) this.groups.delete(group.name);
    const length = group.slots.length;
    while (group.slots.length && group.slots.at(-1) === null) group.slots.pop();
    if (group.slots.length !== length) this.shape += 1;
    if (1 - group.count / group.slots.length > MOST_EMPTY) group.slots = group.slots.filter(Boolean);
    else return;
    this.shape += 1;
  }

  #values({ cpu, mem }) {
    const cpus = bytes(cpu), mems = bytes(mem);
    let i = 0;
    for (const cell of this.byKey.values()) {
      cell.cpu = cpus[i] === 255 ? null : cpus[i];
      cell.mem = mems[i] === 255 ? null : mems[i];
      i += 1;
    }
  }
}

export const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
