/* How far a wish for many has come: asked again and again until nothing of it waits, and then left standing until read. */
import { here } from "./here.js";
import { maybe } from "./dom.js";
import { glyph } from "./marks.js";
import { whole } from "./format.js";

const EVERY_MS = 700, AGAIN_MS = 3_000;
const place = maybe("[data-progress]");
/** @type {Record<string, string>} */
const DONE = { kill: "killed", pause: "paused", resume: "resumed", extend: "extended", timeout: "given a new timeout", protect: "protected", unprotect: "no longer protected" };

/**
 * @typedef {Record<"asked" | "done" | "already" | "failed" | "stopped" | "waiting" | "refused", number> & { kind: string }} Progress
 * @param {Progress} told
 */
function words({ kind, asked, done, already, failed, stopped, waiting, refused }) {
  const parts = [`${whole(done)} of ${whole(asked)} ${DONE[kind] ?? "done"}`];
  if (already) parts.push(`${whole(already)} had already ended`);
  if (failed) parts.push(`${whole(failed)} failed`);
  if (stopped) parts.push(`${whole(stopped)} stopped`);
  if (refused) parts.push(`${whole(refused)} skipped: not in the right state`);
  if (waiting) parts.push(`${whole(waiting)} pending`);
  return parts.join(" · ");
}

/**
 * @param {HTMLElement} place
 * @param {Progress} told
 * @param {string} url where it is asked for
 */
function tell(place, told, url) {
  const text = document.createElement("b"), meter = document.createElement("progress"), close = document.createElement("button");
  text.textContent = words(told);
  meter.max = told.asked || 1;
  meter.value = told.asked - told.waiting;
  meter.setAttribute("aria-label", "Answered");
  close.type = "button";
  close.className = "icon";
  close.textContent = "×";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => {
    place.hidden = true;
  });
  const audit = document.createElement("a");
  audit.className = "act";
  audit.href = here("/cleanup/");
  audit.textContent = "Audit trail";
  const grow = document.createElement("span");
  grow.className = "grow";
  const stop = document.createElement("button");
  Object.assign(stop, { type: "button", className: "btn slim", textContent: "Stop the rest" });
  stop.addEventListener("click", () => htmx.ajax("POST", `${url.split("?")[0]}stop/`, { swap: "none" }));
  place.replaceChildren(glyph(told.failed ? "bad" : told.waiting ? "updated" : "yes", told.failed ? "bad" : "ink"), text, ...(told.waiting ? [meter] : []), grow, ...(told.waiting ? [stop] : []), audit, close);
  place.setAttribute("aria-live", told.waiting ? "off" : "polite");
  place.hidden = false;
}

/**
 * @param {HTMLElement} place
 * @param {string} url
 */
async function follow(place, url) {
  const answer = await fetch(url).catch(() => null);
  if (!answer) return void setTimeout(() => follow(place, url), AGAIN_MS); // cut off: it goes on when we are back
  if (!answer.ok || answer.redirected) return;
  const told = await answer.json();
  tell(place, told, url);
  if (told.waiting) setTimeout(() => follow(place, url), EVERY_MS);
}

if (place) document.addEventListener("bulk", (event) => follow(place, event.detail.url));
