/* The frame around each page: whether it is live, the clock, when it was last polled, the counts in menu and views. */
import { clock, span, whole } from "./format.js";
import { connection, on } from "./live.js";

const tick = Number(document.body.dataset.tick);
const light = document.querySelector("[data-live]");
const word = document.querySelector("[data-live-word]");
const band = document.querySelector("[data-stale]");
const polled = document.querySelector("[data-polled]");
const time = document.querySelector("[data-clock]");
let figures = null;
let offset = 0; // the server's clock minus ours

const put = (element, text) => {
  if (element && element.textContent !== text) element.textContent = text;
};

function newestPoll() {
  const polls = Object.values(figures?.status ?? {}).map((one) => one.last_poll_at).filter(Boolean);
  return figures?.at ?? (polls.length ? Math.min(...polls) : null);
}

function say() {
  const now = Date.now() / 1000 + offset;
  put(time, `${clock(now)} UTC`);
  const at = newestPoll();
  const late = at && now - at > 2 * tick + (figures.took ?? 0) + 1;
  const past = document.documentElement.classList.contains("is-past");
  const state = past ? "past" : connection() === "live" ? (late ? "stale" : "live") : connection();
  light.dataset.state = state;
  put(word, { live: "Live", stale: at ? `Stale since ${clock(at)}` : "Stale", connecting: "Connecting", past: "Past" }[state] ?? "Reconnecting");
  document.documentElement.classList.toggle("is-stale", Boolean(late));
  if (!figures) return;
  band.hidden = !late;
  if (late) put(band.querySelector("[data-stale-since]"), `${clock(at)}, ${span(now - at)} ago`);
  const error = Object.values(figures.status).map((one) => one.poll_error || one.sync_error).find(Boolean);
  put(band.querySelector("[data-stale-why]"), error ?? "");
  if (at) put(polled, `Polled ${span(now - at)} ago${figures.took ? ` in ${figures.took.toFixed(1)} s` : ""}`);
}

on("figures", (told) => {
  figures = told;
  offset = told.now - Date.now() / 1000;
  const counts = { ...told, live: told.running + told.paused };
  for (const element of document.querySelectorAll("[data-count]")) {
    const count = counts[element.dataset.count];
    if (count != null) put(element, element.dataset.count === "marked" && !count ? "" : whole(count));
  }
  say();
});
on("connection", say);
document.addEventListener("past", say);
setInterval(say, 1000);
