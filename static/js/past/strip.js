/* The last day as a slider: dragged, clicked or moved by keys; a hand marks the second, a shade the hour before it. */
import { clock, whole } from "../format.js";
import { svg } from "../marks.js";
import { eachSecond, serverNow } from "../pageclock.js";
import { momentWords } from "../timewords.js";

const DAY = 86_400, HOUR = 3600;
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -60, ArrowDown: -60, ArrowRight: 60, ArrowUp: 60, PageDown: -HOUR, PageUp: HOUR };

export class Strip {
  /** @type {number | null} */
  at = null;
  held = false;
  told = "";

  /**
   * @param {HTMLElement} host
   * @param {{ onMove: (at: number | null) => void, countAt: (at: number | null) => number | null, readout: HTMLElement }} page
   *   `onMove` with Unix seconds, null for now; `countAt` says how many ran then (null: now), null when nobody polled
   */
  constructor(host, { onMove, countAt, readout }) {
    this.host = host;
    this.onMove = onMove;
    this.countAt = countAt;
    this.readout = readout;
    this.line = svg("line", { class: "hand", y1: 8 });
    this.knob = svg("circle", { class: "knob", cy: 4, r: 4 });
    this.shade = svg("rect", { class: "hour", y: 8 });
    this.word = svg("text", { y: 8 });
    this.drawing = svg("svg", { "aria-hidden": "true" }, [this.shade, this.line, this.knob, this.word]);
    host.append(this.drawing);
    new ResizeObserver(() => this.draw()).observe(host);
    host.addEventListener("pointerdown", (event) => this.#grasp(event));
    host.addEventListener("pointermove", (event) => this.#over(event));
    for (const kind of ["pointerup", "pointercancel"]) host.addEventListener(kind, () => (this.held = false));
    host.addEventListener("pointerleave", () => (this.readout.textContent = ""));
    host.addEventListener("keydown", (event) => this.#key(event));
    eachSecond(() => this.draw());
  }

  /**
   * Where the hand stands; null is now.
   * @param {number | null} at
   */
  set(at) {
    this.at = at;
    if (!this.held) this.readout.textContent = "";
    this.draw();
  }

  draw() {
    const now = serverNow(), width = this.host.clientWidth, height = this.host.clientHeight;
    const share = this.at === null ? 1 : Math.min(1, Math.max(0, (this.at - now + DAY) / DAY));
    const x = share * width, hour = (HOUR / DAY) * width;
    for (const [name, value] of Object.entries({ x1: x, x2: x, y2: height })) this.line.setAttribute(name, String(value));
    this.knob.setAttribute("cx", String(x));
    for (const [name, value] of Object.entries({ x: Math.max(0, x - hour), width: Math.min(x, hour), height: height - 8 })) this.shade.setAttribute(name, String(value));
    this.word.setAttribute("x", String(x + 10));
    this.word.textContent = this.at === null ? "now" : clock(this.at);
    this.#say(now);
  }

  /* Told when the hand moves; while it stands at now only once a minute, or a screen reader would never be silent. */
  #say(now) {
    const at = Math.round(this.at ?? now), count = this.countAt(this.at);
    const told = this.at === null ? `now ${Math.floor(now / 60)} ${count === null}` : `${at}`;
    if (told === this.told) return;
    this.told = told;
    const values = { valuemin: Math.round(now - DAY), valuemax: Math.round(now), valuenow: at, valuetext: momentWords(this.at, now, count) };
    for (const [name, value] of Object.entries(values)) this.host.setAttribute(`aria-${name}`, String(value));
  }

  #timeOf(event) {
    const box = this.host.getBoundingClientRect(), now = serverNow();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return share > 0.999 ? null : Math.round(now - DAY + share * DAY);
  }

  #grasp(event) {
    if (event.button) return;
    this.held = true;
    this.host.setPointerCapture(event.pointerId);
    this.onMove(this.#timeOf(event));
  }

  #over(event) {
    const at = this.#timeOf(event);
    if (this.held) this.onMove(at);
    const count = this.countAt(at);
    this.readout.textContent = `${at === null ? "now" : clock(at)}  ${count === null ? "no polls" : `${whole(count)} running`}`;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = serverNow();
    const step = STEPS[event.key] && (event.shiftKey ? STEPS[event.key] / 12 : STEPS[event.key]);
    /** @type {Record<string, number>} */
    const ends = { Home: now - DAY + 1, End: Infinity };
    const at = step ? (this.at ?? now) + step : ends[event.key];
    if (at === undefined) return;
    event.preventDefault();
    this.onMove(at >= now ? null : Math.round(Math.max(at, now - DAY + 1)));
  }
}
