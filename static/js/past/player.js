/* Time that runs on from a moment, at once, sixty or six hundred times its pace; the space bar starts and stops it. */
import { all, around, find } from "../dom.js";
import { key } from "../keys.js";

const EVERY = 125; // ms: as often as a moment is drawn

export class Player {
  speed = 60;
  timer = 0;
  last = 0;

  /**
   * @param {HTMLElement} band
   * @param {{ now: () => number | null, onTime: (at: number) => void, ready: () => boolean }} page
   *   `now` is the moment shown, null while live; `onTime` is called as it moves on
   */
  constructor(band, { now, onTime, ready }) {
    this.button = find("[data-play]", HTMLElement, band);
    this.word = find("[data-play-word]", HTMLElement, band);
    this.now = now;
    this.onTime = onTime;
    this.ready = ready;
    this.button.addEventListener("click", () => this.toggle());
    band.addEventListener("click", (event) => {
      const chosen = around(event, "[data-speed]");
      if (chosen) this.#pace(band, chosen);
    });
    key(" ", (event) => {
      if (this.now() === null || around(event, "button, a, summary, [role=button]", Element)) return false;
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
    for (const other of all("[data-speed]", HTMLElement, band)) other.setAttribute("aria-pressed", String(other === chosen));
  }

  /* Time stands still while a moment is on its way: what is shown is never left behind. */
  #tick() {
    const at = performance.now(), passed = (at - this.last) / 1000, shown = this.now();
    if (!this.ready() || shown === null || (this.speed === 1 && passed < 1)) return;
    this.last = at;
    this.onTime(shown + Math.min(passed, 2) * this.speed);
  }

  #show() {
    this.button.setAttribute("aria-pressed", String(this.playing));
    this.word.textContent = this.playing ? "Pause" : "Play";
  }
}
