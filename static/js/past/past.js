/* The Fleet page at a second of the past: what of it follows that second, the address that names it, and the way back. */
import { address } from "../address.js";
import { Moments } from "../comb/moments.js";
import { clock, exact, relative } from "../format.js";
import { key } from "../keys.js";
import { Moment } from "./fetching.js";
import { List } from "./list.js";
import { Player } from "./player.js";

const SETTLED = 250, AT_LEAST_EVERY = 1200, AGAIN = 3000; // ms
const OLDEST = 30 * 86_400;
const NOTES = {
  all: "Everything below is of that second; actions are off.",
  states: "Nobody polled near that second: states without figures; actions are off.",
  nothing: "Nothing was on record yet.",
  trouble: "That second could not be read; trying again.",
};

export class Past {
  /* `page` shows a moment: `figures(told)`, `hour(at)`, `live()`; `comb` and `strip` are the page's. */
  constructor(band, { comb, strip, page }) {
    Object.assign(this, { band, comb, strip, page, at: null, cells: null, followed: 0, timer: 0, shown: null });
    this.list = new List(document.querySelector("[data-then]"));
    this.moments = new Moment(band.dataset.past, { onMoment: (told, at) => this.#show(told, at), onTrouble: () => this.#trouble() });
    this.player = new Player(band, { now: () => this.at, onTime: (at) => this.#playOn(at), ready: () => !this.moments.busy });
    band.querySelector("[data-to-live]").addEventListener("click", () => this.leave());
    for (const name of ["l", "Escape"]) key(name, () => (this.at === null ? false : this.leave()));
    addEventListener("popstate", () => this.#readAddress());
    setInterval(() => this.#say(), 1000);
  }

  /* What the address says, at the start and when somebody goes back. */
  begin() {
    this.#readAddress();
  }

  /* To a moment by hand: time that was running stops. Null is now. */
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
    const at = asked && (Number(asked) || Date.parse(asked) / 1000), now = Date.now() / 1000;
    if (at && at < now && at > now - OLDEST * 12) this.#move(at, { told: false });
    else if (this.at !== null) this.#leave();
  }

  #playOn(at) {
    if (at >= Date.now() / 1000 - 1) this.go(null);
    else this.#move(at);
  }

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
    Object.assign(this, { at: null, cells: null, shown: null });
    this.#mark(false);
    this.strip.set(null);
    this.comb.view();
    this.page.live();
    if (inBand) this.strip.host.focus({ preventScroll: true });
  }

  #mark(past) {
    document.documentElement.classList.toggle("is-past", past);
    for (const part of document.querySelectorAll("[data-when]")) part.hidden = (part.dataset.when === "past") !== past;
    document.querySelector("[data-live] use").setAttribute("href", `${document.body.dataset.sprite}#g-${past ? "past" : "run"}`);
    document.dispatchEvent(new Event("past"));
  }

  #show(told, at) {
    if (this.at === null) return;
    this.cells.take(told);
    this.comb.view(this.cells, at);
    this.list.show(this.cells.byKey.values(), at);
    this.page.figures(told);
    this.shown = told.roster.key.length ? (told.exact_t ? "all" : "states") : "nothing";
    this.band.dataset.shown = at;
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
      const place = this.band.querySelector(`[data-past-${name}]`);
      if (place.textContent !== words) place.textContent = words;
    };
    put("at", clock(this.at));
    put("ago", relative(this.at, Date.now() / 1000));
    put("note", NOTES[this.shown ?? "all"]);
    this.band.querySelector("[data-past-at]").title = exact(this.at);
  }

  /* The charts, the sentences and the address follow when the hand rests, and now and then while it moves. */
  #followSoon() {
    clearTimeout(this.timer);
    const wait = performance.now() - this.followed > AT_LEAST_EVERY && this.player.playing ? 0 : SETTLED;
    this.timer = setTimeout(() => this.#follow(), wait);
  }

  #follow() {
    this.followed = performance.now();
    const at = Math.round(this.at);
    if (this.told) history.replaceState(null, "", address({ at: new Date(at * 1000).toISOString().replace(".000", "") }));
    this.page.hour(at);
  }
}
