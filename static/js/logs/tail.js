/* The lines that are held and shown: never more than a thousand, in order, none twice; the view follows their end. */
import { lineElement, nameOf, silence } from "./lines.js";

const MOST = 1000, NEAR = 24;

/** @typedef {import("./lines.js").Line & { element: HTMLElement }} Shown a line on the page */

export class Tail {
  /** @type {Shown[]} */
  lines = [];
  /** @type {Set<string>} */
  names = new Set();
  cutAbove = false;
  cutBelow = false;
  follows = true;

  /**
   * @param {HTMLElement} box
   * @param {HTMLElement} list
   * @param {() => import("../lane.js").Stretch[]} stretches
   */
  constructor(box, list, stretches) {
    this.box = box;
    this.list = list;
    this.stretches = stretches;
    box.addEventListener("scroll", () => (this.follows = this.#atEnd()), { passive: true });
    // Lines wrap anew when the width changes: whoever looked at the end goes on to.
    new ResizeObserver(() => this.follows && this.toEnd()).observe(box);
  }

  #atEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR;
  }

  get first() {
    return this.lines[0];
  }

  get last() {
    return this.lines.at(-1);
  }

  clear() {
    this.lines = [];
    this.names = new Set();
    this.cutAbove = this.cutBelow = false;
    this.list.replaceChildren();
  }

  toEnd() {
    this.follows = true;
    this.box.scrollTop = this.box.scrollHeight;
  }

  /**
   * Newer lines below; returns how many were new.
   * @param {import("./lines.js").Line[]} lines
   */
  below(lines) {
    const follows = this.follows, fresh = this.#fresh(lines);
    const elements = fresh.flatMap((line, i) => this.#withSilence(fresh[i - 1] ?? this.last, line));
    this.lines.push(...fresh);
    this.list.append(...elements);
    if (follows && this.lines.length > MOST) this.#cut(true);
    if (follows) this.toEnd();
    return fresh.length;
  }

  /**
   * Older lines above; what is looked at stays where it is; returns how many were new.
   * @param {import("./lines.js").Line[]} lines
   */
  above(lines) {
    const fresh = this.#fresh(lines), from = this.box.scrollHeight - this.box.scrollTop;
    const elements = fresh.flatMap((line, i) => this.#withSilence(fresh[i - 1], line));
    const between = fresh.length ? silence(fresh.at(-1), this.first, this.stretches()) : null;
    if (between) elements.push(between);
    this.lines.unshift(...fresh);
    this.list.prepend(...elements);
    this.box.scrollTop = this.box.scrollHeight - from;
    if (this.lines.length > MOST) this.#cut(false);
    return fresh.length;
  }

  /**
   * @param {import("./lines.js").Line[]} lines
   * @returns {Shown[]}
   */
  #fresh(lines) {
    return lines.flatMap((line) => {
      const name = nameOf(line);
      if (this.names.has(name)) return [];
      this.names.add(name);
      return [{ ...line, element: lineElement(line) }];
    });
  }

  /**
   * @param {Shown | undefined} before
   * @param {Shown} line
   */
  #withSilence(before, line) {
    const between = silence(before, line, this.stretches());
    return between ? [between, line.element] : [line.element];
  }

  #cut(top) {
    const away = top ? this.lines.splice(0, this.lines.length - MOST) : this.lines.splice(MOST);
    for (const line of away) {
      this.names.delete(nameOf(line));
      line.element.remove();
    }
    const edge = () => (top ? this.list.firstElementChild : this.list.lastElementChild);
    for (let last = edge(); last?.classList.contains("gap"); last = edge()) last.remove();
    if (top) this.cutAbove = true;
    else this.cutBelow = true;
  }
}
