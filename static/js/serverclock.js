/* The server's clock as messages show it: how far it is from this machine's, however wrong that one is set. Pure. */
const KEPT = 12, JUMP = 5; // messages; seconds that no message needs to arrive

export class ServerClock {
  /** @type {number[]} the server's clock minus ours, as the last messages showed it */
  #seen = [];
  #doubted = false;
  offset = 0;

  /**
   * A message takes time to arrive, so each shows an offset that is a little too small: the largest of the last holds.
   * One that is much too small is a message that was held up, unless the next one says the same: then a clock was set.
   * @param {number} server its time when it sent this, in Unix seconds
   * @param {number} ours our time when this came, in Unix seconds
   */
  learn(server, ours) {
    const offset = server - ours, jump = this.#seen.length ? offset - this.offset : 0;
    if (jump < -JUMP && !this.#doubted) {
      this.#doubted = true;
      return;
    }
    if (Math.abs(jump) > JUMP) this.#seen = [];
    this.#doubted = false;
    this.#seen = [...this.#seen.slice(1 - KEPT), offset];
    this.offset = Math.max(...this.#seen);
  }
}
