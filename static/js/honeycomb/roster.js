/* One line of a roster, as the socket and the past tell it: columns, words that repeat as numbers, a byte a share. */
const NO_SAMPLE = 255;

/**
 * @param {Live.Columns} roster
 * @param {number} i
 */
export const toldOf = (roster, i) => ({
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

/**
 * Writes the shares of the i-th cell into it, in percent, null where there was no sample.
 * @param {Live.Values} values
 * @returns {(cell: Cell, i: number) => void}
 */
export function sharesOf({ cpu, mem }) {
  const cpus = bytes(cpu), mems = bytes(mem);
  return (cell, i) => {
    cell.cpu = cpus[i] === NO_SAMPLE ? null : cpus[i];
    cell.mem = mems[i] === NO_SAMPLE ? null : mems[i];
  };
}

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
