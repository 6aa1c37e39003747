/* The frame around each page: whether it is live, the clock, when it was last polled, the counts in menu and views. */
import { announce } from "./announce.js";
import { all, find, maybe } from "./dom.js";
import { clock, span, whole } from "./format.js";
import { lateness } from "./lateness.js";
import { connection, on } from "./live.js";
import { eachSecond, learn, pageTime, serverNow, standStill } from "./pageclock.js";
import { setTime } from "./times.js";

const { body } = document, root = document.documentElement;
const tick = Number(body.dataset.tick);
const light = find("[data-live]");
const word = maybe("[data-live-word]");
const band = find("[data-stale]");
const polled = maybe("[data-polled]");
const time = maybe("[data-clock]");
/** @type {Record<string, string>} account → its key among the messages */
const accounts = JSON.parse(body.dataset.accounts ?? "{}");
/** @type {Live.Figures | null} */
let figures = null;
let late = band.hidden ? "" : "stale";

/**
 * @param {Element | null} element
 * @param {string} text
 */
const put = (element, text) => {
  if (element && element.textContent !== text) element.textContent = text;
};

function newestPoll() {
  if (!figures) return pageTime().staleAt ?? (Number(body.dataset.polledAt) || null);
  const polls = Object.values(figures.status).map((one) => one.last_poll_at).filter((at) => at !== null);
  return figures.at ?? (polls.length ? Math.min(...polls) : null);
}

function say() {
  const now = serverNow(), at = newestPoll(), connected = connection() === "live";
  put(time, `${clock(now)} UTC`);
  const most = 2 * tick + (figures?.took ?? 0) + 1;
  const was = late;
  // Until the first message the server's word holds: it knows how long its polls take.
  if (figures || !navigator.onLine || connection() === "reconnecting") late = lateness({ now, at, most, online: navigator.onLine, connected });
  standStill({ staleAt: late ? at : null, ...(figures && { frozenAt: figures.frozen_at }) });
  sayState(connected, at);
  sayBand(now, at);
  if (late !== was) announce(late ? find("[data-stale-head]", HTMLElement, band).innerText : "Data is current again.");
  if (at) put(polled, `Polled ${span(now - at)} ago${figures?.took ? ` in ${figures.took.toFixed(1)} s` : ""}`);
}

function sayState(connected, at) {
  const state = root.classList.contains("is-past") ? "past" : connected ? (late ? "stale" : "live") : connection();
  light.dataset.state = state;
  /** @type {Record<string, string>} */
  const words = { live: "Live", stale: at ? `Stale since ${clock(at)}` : "Stale", connecting: "Connecting", past: "Past" };
  put(word, words[state] ?? "Reconnecting");
  root.classList.toggle("is-stale", late !== "");
}

function sayBand(now, at) {
  band.hidden = !late;
  if (!late) return;
  for (const one of all("[data-stale-for]", HTMLElement, band)) one.hidden = one.dataset.staleFor !== late;
  put(find("[data-stale-since]", HTMLElement, band), at ? clock(at) : "–");
  put(find("[data-stale-ago]", HTMLElement, band), at ? `, ${span(now - at)} ago` : "");
  const error = Object.values(figures?.status ?? {}).map((one) => one.poll_error || one.sync_error).find(Boolean);
  if (figures) put(find("[data-stale-why]", HTMLElement, band), late === "stale" ? (error ?? "") : "");
}

/* Somebody froze the policies or lifted that: by whom, the page knows only of what it was loaded with. */
function sayFreeze(frozenAt) {
  const known = pageTime().frozenAt, loaded = Number(body.dataset.frozenAt) || null;
  if (frozenAt === known) return;
  find("[data-frozen]").hidden = frozenAt === null;
  for (const one of all("[data-frozen-for]")) one.hidden = (one.dataset.frozenFor === "loaded") !== (frozenAt === loaded);
  standStill({ frozenAt });
  document.dispatchEvent(new Event("frozen"));
}

/* Times that each poll or list makes anew: `poll:` or `sync:` and the account. */
function follow() {
  for (const one of all("time[data-follow]", HTMLTimeElement)) {
    const [what, account] = (one.dataset.follow ?? "").split(/:(.*)/s);
    const told = figures?.status[accounts[account]], at = what === "poll" ? told?.last_poll_at : told?.last_sync_at;
    if (at && at > Date.parse(one.dateTime) / 1000) setTime(one, at);
  }
}

on("figures", (told) => {
  figures = told;
  learn(told.now);
  sayFreeze(told.frozen_at);
  follow();
  /** @type {Record<string, unknown>} */
  const counts = { ...told, live: told.running + told.paused };
  for (const element of all("[data-count]")) {
    const count = counts[element.dataset.count ?? ""];
    if (typeof count === "number") put(element, element.dataset.count === "marked" && !count ? "" : whole(count));
  }
  say();
});
on("connection", say);
for (const change of ["online", "offline"]) addEventListener(change, say);
document.addEventListener("past", say);
eachSecond(say);
