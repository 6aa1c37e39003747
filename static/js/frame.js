/* The frame around each page: whether it is live, the clock, when it was last polled, the counts in menu and views. */
import { all, find, maybe } from "./dom.js";
import { clock, span, whole } from "./format.js";
import { connection, on } from "./live.js";

const tick = Number(document.body.dataset.tick);
const light = find("[data-live]");
const word = maybe("[data-live-word]");
const band = find("[data-stale]");
const polled = maybe("[data-polled]");
const time = maybe("[data-clock]");
/** @type {Live.Figures | null} */
let figures = null;
let offset = 0; // the server's clock minus ours

/**
 * @param {Element | null} element
 * @param {string} text
 */
const put = (element, text) => {
  if (element && element.textContent !== text) element.textContent = text;
};

function newestPoll() {
  const polls = Object.values(figures?.status ?? {}).map((one) => one.last_poll_at).filter((at) => at !== null);
  return figures?.at ?? (polls.length ? Math.min(...polls) : null);
}

function say() {
  const now = Date.now() / 1000 + offset;
  put(time, `${clock(now)} UTC`);
  const at = newestPoll();
  const late = at !== null && now - at > 2 * tick + (figures?.took ?? 0) + 1;
  const past = document.documentElement.classList.contains("is-past");
  const state = past ? "past" : connection() === "live" ? (late ? "stale" : "live") : connection();
  light.dataset.state = state;
  /** @type {Record<string, string>} */
  const words = { live: "Live", stale: at ? `Stale since ${clock(at)}` : "Stale", connecting: "Connecting", past: "Past" };
  put(word, words[state] ?? "Reconnecting");
  document.documentElement.classList.toggle("is-stale", late);
  if (!figures) return;
  band.hidden = !late;
  if (late) put(find("[data-stale-since]", HTMLElement, band), `${clock(at)}, ${span(now - at)} ago`);
  const error = Object.values(figures.status).map((one) => one.poll_error || one.sync_error).find(Boolean);
  put(find("[data-stale-why]", HTMLElement, band), error ?? "");
  if (at) put(polled, `Polled ${span(now - at)} ago${figures.took ? ` in ${figures.took.toFixed(1)} s` : ""}`);
}

on("figures", (told) => {
  figures = told;
  offset = told.now - Date.now() / 1000;
  /** @type {Record<string, unknown>} */
  const counts = { ...told, live: told.running + told.paused };
  for (const element of all("[data-count]")) {
    const count = counts[element.dataset.count ?? ""];
    if (typeof count === "number") put(element, element.dataset.count === "marked" && !count ? "" : whole(count));
  }
  say();
});
on("connection", say);
document.addEventListener("past", say);
setInterval(say, 1000);
