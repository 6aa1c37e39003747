/* The Fleet page at a second of the past: what of it follows that second, the address that names it, and the way back. */
import { address } from "../address.js";
import { Moments } from "../honeycomb/moments.js";
import { all, find } from "../dom.js";
import { dated, exact, relative } from "../format.js";
import { key } from "../keys.js";
import { eachSecond, serverNow } from "../pageclock.js";
import { Moment } from "./fetching.js";
import { List } from "./list.js";
import { Player } from "./player.js";

const SETTLED = 250, AT_LEAST_EVERY = 1200, AGAIN = 3000; // ms
const OLDEST = 30 * 86_400; // where the record's beginning is not told
/** @type {Record<string, string>} */
const NOTES = {
  all: "Showing the fleet at this moment; actions are disabled.",
  states: "No poll near this time: states only, no metrics; actions are disabled.",
  nothing: "No data recorded yet.",
  trouble: "This moment could not be loaded; retrying.",
};

export class Past {
  /** @type {number | null} */
  at = null;
  /** @type {Moments | null} */
  cells = null;
  followed = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;
  /** @type {string | null} a key of NOTES */
  shown = null;
  told = true; // whether the address says where one is

  /**
   * @param {HTMLElement} band
   * @param {{ comb: import("../honeycomb/honeycomb.js").Honeycomb, strip: import("./strip.js").Strip,
   *   page: { figures: (told: Live.Moment) => void, hour: (at: number) => void, live: () => void } }} fleet
   *   the page's honeycomb and slider; `page` shows a moment
   */
  constructor(band, { comb, strip, page }) {
    this.band = band;
    this.comb = comb;
    this.strip = strip;
    this.page = page;
    this.list = new List(find("[data-then]"));
    this.moments = new Moment(band.dataset.past ?? "", { onMoment: (told, at) => this.#show(told, at), onTrouble: () => this.#trouble() });
    this.player = new Player(band, { now: () => this.at, onTime: (at) => this.#playOn(at), ready: () => !this.moments.busy });
    find("[data-to-live]", HTMLElement, band).addEventListener("click", () => this.leave());
    for (const name of ["l", "Escape"]) key(name, () => (this.at === null ? false : this.leave()));
    addEventListener("popstate", () => this.#readAddress());
    eachSecond(() => this.#say());
  }

  /* What the address says, at the start and when somebody goes back. */
  begin() {
    this.#readAddress();
  }

  /**
   * To a moment by hand: time that was running stops. Null is now.
   * @param {number | null} at
   */
  go(at) {
    this.player.stop();
    if (at === null) this.leave();
    else this.#move(at);
  }

  leave() {
    if (this.at === null) return;
    this.#leave();
    history.pushState(null, "", address({ at: null }));
  }

  #readAddress() {
    const asked = new URLSearchParams(location.search).get("at");
    const at = asked && (Number(asked) || Date.parse(asked) / 1000), now = serverNow();
    const begins = Number(this.band.dataset.begins) || now - OLDEST;
    if (at && at < now && at >= begins) this.#move(at, { told: false });
    else if (this.at !== null) this.#leave();
  }

  #playOn(at) {
    if (at >= serverNow() - 1) this.go(null);
    else this.#move(at);
  }

  /** @param {number} at */
  #move(at, { told = true } = {}) {
    if (this.at === null) this.#enter(told);
    this.at = at;
    this.told = told;
    this.strip.set(at);
    this.moments.want(Math.round(at));
    this.#say();
    this.#followSoon();
  }

  #enter(told) {
    this.cells = new Moments(this.comb.live);
    if (told) history.pushState(null, "", location.href);
    this.#mark(true);
  }

  #leave() {
    this.player.stop();
    this.moments.forget();
    clearTimeout(this.timer);
    const inBand = this.band.contains(document.activeElement);
    this.at = this.cells = this.shown = null;
    this.#mark(false);
    this.strip.set(null);
    this.comb.view();
    this.page.live();
    if (inBand) this.strip.host.focus({ preventScroll: true });
  }

  #mark(past) {
    document.documentElement.classList.toggle("is-past", past);
    for (const part of all("[data-when]")) part.hidden = (part.dataset.when === "past") !== past;
    find("[data-live] use", SVGUseElement).setAttribute("href", `${document.body.dataset.sprite}#g-${past ? "past" : "run"}`);
    document.dispatchEvent(new Event("past"));
  }

  /**
   * @param {Live.Moment} told
   * @param {number} at
   */
  #show(told, at) {
    if (this.at === null || !this.cells) return;
    this.cells.take(told);
    this.comb.view(this.cells, at);
    this.list.show(this.cells.byKey.values(), at);
    this.page.figures(told);
    this.shown = told.roster.key.length ? (told.exact_t ? "all" : "states") : "nothing";
    this.band.dataset.shown = String(at);
    this.#say();
  }

  #trouble() {
    this.shown = "trouble";
    this.#say();
    setTimeout(() => this.at !== null && this.moments.want(Math.round(this.at)), AGAIN);
  }

  #say() {
    if (this.at === null) return;
    const put = (name, words) => {
      const place = find(`[data-past-${name}]`, HTMLElement, this.band);
      if (place.textContent !== words) place.textContent = words;
    };
    put("at", dated(this.at));
    put("ago", relative(this.at, serverNow()));
    put("note", NOTES[this.shown ?? "all"]);
    find("[data-past-at]", HTMLElement, this.band).title = exact(this.at);
  }

  /* The charts, the sentences and the address follow when the hand rests, and now and then while it moves. */
  #followSoon() {
    clearTimeout(this.timer);
    const wait = performance.now() - this.followed > AT_LEAST_EVERY && this.player.playing ? 0 : SETTLED;
    this.timer = setTimeout(() => this.#follow(), wait);
  }

  #follow() {
    if (this.at === null) return;
    this.followed = performance.now();
    const at = Math.round(this.at);
    if (this.told) history.replaceState(null, "", address({ at: new Date(at * 1000).toISOString().replace(".000", "") }));
    this.page.hour(at);
  }
}
