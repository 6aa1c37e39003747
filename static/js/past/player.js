/* Time that runs on from a moment, at once, sixty or six hundred times its pace; the space bar starts and stops it. */
import { key } from "../keys.js";

const EVERY = 125; // ms: as often as a moment is drawn

export class Player {
  /* `now()` is the moment shown, null while live; `onTime(at)` is called as it moves on. */
  constructor(band, { now, onTime, ready }) {
    Object.assign(this, { button: band.querySelector("[data-play]"), word: band.querySelector("[data-play-word]"), now, onTime, ready, speed: 60, timer: 0, last: 0 });
    this.button.addEventListener("click", () => this.toggle());
    band.addEventListener("click", ({ target }) => target.dataset.speed && this.#pace(band, target));
    key(" ", (event) => {
      if (this.now() === null || event.target.closest("button, a, summary, [role=button]")) return false;
      this.toggle();
      return true;
    });
  }

  get playing() {
    return this.timer !== 0;
  }

  toggle() {
    if (this.playing) this.stop();
    else this.#start();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.#show();
  }

  #start() {
    this.last = performance.now();
    this.timer = setInterval(() => this.#tick(), EVERY);
    this.#show();
  }

  #pace(band, chosen) {
    this.speed = Number(chosen.dataset.speed);
    for (const other of band.querySelectorAll("[data-speed]")) other.setAttribute("aria-pressed", String(other === chosen));
  }

  /* Time stands still while a moment is on its way: what is shown is never left behind. */
  #tick() {
    const at = performance.now(), passed = (at - this.last) / 1000;
    if (!this.ready() || this.now() === null || (this.speed === 1 && passed < 1)) return;
    this.last = at;
    this.onTime(this.now() + Math.min(passed, 2) * this.speed);
  }

  #show() {
    this.button.setAttribute("aria-pressed", String(this.playing));
    this.word.textContent = this.playing ? "Pause" : "Play";
  }
}
