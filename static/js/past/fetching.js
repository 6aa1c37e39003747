/* Asks for moments while somebody drags: one at a time, the newest wins, one that takes too long is given up. */
import { withQuery } from "../here.js";

const LONGEST = 400;

export class Moment {
  /** @type {number | null} */
  wanted = null;
  /** @type {AbortController | null} */
  asking = null;
  since = 0;

  /**
   * @param {string} address
   * @param {{ onMoment: (told: Live.Moment, at: number) => void, onTrouble: (error: unknown) => void }} listeners
   */
  constructor(address, { onMoment, onTrouble }) {
    this.address = address;
    this.onMoment = onMoment;
    this.onTrouble = onTrouble;
  }

  /**
   * While an answer is on its way only the newest wish is kept.
   * @param {number} at Unix seconds
   */
  want(at) {
    this.wanted = at;
    if (!this.asking) return void this.#ask(at);
    if (performance.now() - this.since > LONGEST) this.asking.abort();
  }

  forget() {
    this.wanted = null;
    this.asking?.abort();
  }

  get busy() {
    return this.asking !== null;
  }

  /** @param {number} at */
  async #ask(at) {
    const asking = (this.asking = new AbortController());
    this.wanted = null;
    this.since = performance.now();
    try {
      const answer = await fetch(withQuery(this.address, { at }), { signal: asking.signal, headers: { Accept: "application/json" } });
      if (answer.redirected || !answer.ok) throw new Error(`the server said ${answer.status}`);
      const told = await answer.json();
      if (!asking.signal.aborted) this.onMoment(told, at);
    } catch (error) {
      if (!asking.signal.aborted) this.onTrouble(error);
    }
    this.asking = null;
    if (this.wanted !== null) this.#ask(this.wanted);
  }
}
