/* A sandbox's log on its page: tail while at the bottom, older lines on the way up, least level, search. */
import { withQuery } from "../here.js";
import { address } from "../address.js";
import { all, around, find } from "../dom.js";
import { clock } from "../format.js";
import { on } from "../live.js";
import { serverNow } from "../pageclock.js";
import { Tail } from "./tail.js";

const EVERY = 3000, AFTER_TROUBLE = 10_000, TYPED = 300, NEAR_TOP = 80;
/**
 * What the server answers: which lines, whether there are more, and why there are none.
 * @typedef {{ state: string, lines: import("./lines.js").Line[], more: boolean, why?: string }} Told
 */

const section = find("[data-logs]");
const part = (name) => find(`[data-logs-${name}]`, HTMLElement, section);
const box = part("box"), note = part("note"), sub = part("sub"), toNewest = part("new"), form = find("[data-logs-filter]", HTMLFormElement, section);
const stretches = JSON.parse(section.dataset.stretches ?? "[]");
const tail = new Tail(box, part("lines"), () => stretches);
let lives = section.dataset.state === "running", inView = false, more = true;
/** @type {AbortController | null} */
let asking = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
const LEVELS = ["", "info", "warn", "error"];
const begun = new URLSearchParams(location.search);
let filter = { level: LEVELS.find((one) => one === begun.get("log")) ?? "", search: (begun.get("find") ?? "").slice(0, 256) };

/**
 * @param {Record<string, string>} where
 * @returns {Promise<Told | null>} null when another question took its place
 */
async function ask(where) {
  const mine = (asking = new AbortController());
  try {
    const answer = await fetch(withQuery(section.dataset.logs, { ...filter, ...where }), { signal: mine.signal });
    if (!answer.ok || answer.redirected) throw new Error(`the server answered ${answer.status}`);
    return await answer.json();
  } catch (error) {
    return mine.signal.aborted ? null : { state: "failed", lines: [], more: false, why: `${error instanceof Error ? error.message : error}.` };
  } finally {
    if (asking === mine) asking = null;
  }
}

/* ---------- what is said when there are no lines */
/** @param {Told} told */
function say(told) {
  const filtered = filter.level || filter.search;
  /** @type {Record<string, string>} */
  const known = {
    read: tail.lines.length ? "" : filtered ? "No lines match." : "No log lines yet.",
    failed: `The logs could not be loaded: ${told.why}`,
  };
  const words = known[told.state] ?? told.why ?? "";
  section.dataset.told = told.state;
  form.hidden = told.state === "unsupported" || told.state === "gone";
  note.hidden = !words;
  note.replaceChildren(words);
  if (told.state === "failed") note.append(" ", againButton());
  const last = tail.last?.t;
  sub.textContent = told.state === "failed" ? "not loaded" : last ? `last line ${clock(last)}${lives && tail.follows ? ", live" : ""}` : "";
}

function againButton() {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "btn slim", textContent: "Try again" });
  button.addEventListener("click", fromTheEnd);
  return button;
}

/* ---------- reading */
async function fromTheEnd() {
  clearTimeout(timer);
  asking?.abort();
  const told = await ask({});
  if (!told) return;
  tail.clear();
  more = told.more;
  tail.below(told.lines);
  tail.toEnd();
  toNewest.hidden = true;
  say(told);
  again(told);
}

/** @param {{ state: string }} told */
function again(told) {
  clearTimeout(timer);
  if (!lives || told.state === "unsupported" || told.state === "gone") return;
  timer = setTimeout(newer, told.state === "failed" ? AFTER_TROUBLE : EVERY);
}

async function newer() {
  if (!inView || document.hidden || asking || tail.cutBelow) return again({ state: "read" });
  const told = await ask(tail.last ? { after: String(Math.max(0, tail.last.ms - 1)) } : {});
  if (!told) return undefined;
  const follows = tail.follows, fresh = tail.below(told.lines);
  if (fresh && !follows) toNewest.hidden = false;
  if (told.state !== "failed" || !tail.lines.length) say(told);
  else sub.textContent = `not updated since ${clock(serverNow())}`;
  return again(told);
}

async function older() {
  if (asking || !tail.first || !(more || tail.cutAbove)) return;
  const told = await ask({ before: String(tail.first.ms) });
  if (!told || told.state !== "read") return;
  more = tail.above(told.lines) > 0 && told.more;
  tail.cutAbove = false;
  if (tail.cutBelow) toNewest.hidden = false;
}

/* ---------- what one does */
box.addEventListener("scroll", () => {
  if (box.scrollTop < NEAR_TOP) older();
  if (tail.follows && !tail.cutBelow) toNewest.hidden = true;
}, { passive: true });
toNewest.addEventListener("click", () => {
  if (tail.cutBelow) return void fromTheEnd();
  tail.toEnd();
  box.focus({ preventScroll: true });
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("click", (event) => {
  const button = around(event, "[data-level]"), level = button?.dataset.level;
  if (level === undefined) return;
  change({ level });
});
let typed = 0;
const search = find("[name=search]", HTMLInputElement, form);
search.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(() => {
    change({ search: search.value });
  }, TYPED);
});
const opener = part("open");
function openTo(open) {
  section.parentElement?.classList.toggle("logs-open", open);
  opener.setAttribute("aria-expanded", String(open));
  opener.textContent = open ? "Close" : "Open";
}
opener.addEventListener("click", () => {
  const open = opener.getAttribute("aria-expanded") !== "true";
  openTo(open);
  remember({ logs: open ? "open" : null });
  if (open) section.scrollIntoView({ block: "start" });
});

/* ---------- the address says what is shown, so that a link shows the same */
function remember(changes) {
  history.replaceState(history.state, "", address(changes) + location.hash);
}

/** @param {Partial<typeof filter>} part */
function change(part) {
  filter = { ...filter, ...part };
  press();
  remember({ log: filter.level, find: filter.search });
  fromTheEnd();
}

function press() {
  for (const button of all("[data-level]", HTMLElement, form)) button.setAttribute("aria-pressed", String(button.dataset.level === filter.level));
}

search.value = filter.search;
press();
if (begun.get("logs") === "open") openTo(true);
on("sandbox", ({ state }) => {
  const now = state === "running";
  if (now && !lives) timer = setTimeout(newer, 0);
  lives = now;
});
new IntersectionObserver(([entry]) => {
  const first = entry.isIntersecting && !inView && !section.dataset.told;
  inView = entry.isIntersecting;
  if (first) fromTheEnd();
}, { rootMargin: "200px" }).observe(section);
