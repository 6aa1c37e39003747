/* Asks for moments while somebody drags: one at a time, the newest wins, one that takes too long is given up. */
const LONGEST = 400;

export class Moment {
  constructor(address, { onMoment, onTrouble }) {
    Object.assign(this, { address, onMoment, onTrouble, wanted: null, asking: null, since: 0 });
  }

  /* `at` in Unix seconds. While an answer is on its way only the newest wish is kept. */
  want(at) {
    this.wanted = at;
    if (!this.asking) return void this.#ask();
    if (performance.now() - this.since > LONGEST) this.asking.abort();
  }

  forget() {
    this.wanted = null;
    this.asking?.abort();
  }

  get busy() {
    return this.asking !== null;
  }

  async #ask() {
    const at = this.wanted, asking = new AbortController();
    Object.assign(this, { wanted: null, asking, since: performance.now() });
    try {
      const answer = await fetch(`${this.address}?at=${at}`, { signal: asking.signal, headers: { Accept: "application/json" } });
      if (answer.redirected || !answer.ok) throw new Error(`the server said ${answer.status}`);
      const told = await answer.json();
      if (!asking.signal.aborted) this.onMoment(told, at);
    } catch (error) {
      if (!asking.signal.aborted) this.onTrouble(error);
    }
    this.asking = null;
    if (this.wanted !== null) this.#ask();
  }
}
