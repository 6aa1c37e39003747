/* The Events page: new events come in on top while it follows; on hold they wait and are counted.
   It holds when told to, and while the newest row is scrolled out of view or the pointer rests on a row. */
import { fetched, keyOf } from "./blocks.js";
import { all, find, maybe } from "./dom.js";
import { key } from "./keys.js";
import { show } from "./live.js";
import { merge } from "./stream.js";

const EVERY = 3_000, CHART_EVERY = 15_000, CHART_RARELY = 300_000, MOST_ROWS = 500, UNDER_BARS = 92;
const button = maybe("[data-hold]", HTMLButtonElement), body = maybe("[data-events]");
let held = false, away = false, asking = false;
let waiting = 0, most = Infinity, newest = 0;
let chartAt = performance.now();

const pointed = () => document.querySelector("[data-events] tr[data-key]:hover, .filters details[open]") !== null;
const following = () => !held && !away;

/* The button's state, the word beside it, and how many wait; nothing of it is announced. */
function write() {
  if (!button) return;
  const still = !following() || (waiting > 0 && pointed()), { follow = "", held: word = "", one = "", many = "" } = button.dataset;
  button.setAttribute("aria-pressed", String(!following()));
  find("[data-following]").classList.toggle("is-held", still);
  find("[data-following-word]").textContent = still ? word : follow;
  const count = find("[data-waiting]");
  count.hidden = !waiting;
  count.textContent = waiting === 1 ? one : many.replace("%s", waiting >= most ? `${most.toLocaleString("en")}+` : waiting.toLocaleString("en"));
}

/** @param {HTMLElement} table */
async function take(table) {
  const found = await fetched(table.dataset.address || "?", AbortSignal.timeout(10_000));
  if (!found) return;
  const { rows, more } = found;
  const shown = all("tr[data-key]", HTMLTableRowElement, table), known = new Map(shown.map((row) => [keyOf(row), row]));
  const joins = shown.length < MOST_ROWS && rows.some((row) => known.has(keyOf(row)));
  if (joins) merge(table, rows, known);
  else {
    table.replaceChildren(...rows, ...(more ? [more] : []));
    htmx.process(table);
  }
}

/** @param {HTMLElement} table */
async function look(table) {
  const after = `after=${newest}`, { address = "?" } = table.dataset;
  const answer = await fetch(`/events/new/${address === "?" ? "?" : `${address}&`}${after}`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok || answer.redirected) return;
  const told = await answer.json();
  most = told.most;
  waiting = told.new;
  if (waiting && following() && !pointed()) {
    await take(table);
    newest = told.newest;
    waiting = 0;
  }
  write();
}

async function ask() {
  if (!body || !button || asking || document.hidden) return;
  asking = true;
  try {
    await look(body);
  } catch {
    /* the next time asks again */
  } finally {
    asking = false;
  }
  const step = Number(maybe("[data-step]")?.dataset.step ?? 0) * 1000;
  if (following() && performance.now() - chartAt > Math.max(CHART_EVERY, Math.min(step, CHART_RARELY))) {
    chartAt = performance.now();
    htmx.trigger(document.body, "live:chart");
  }
}

function follow() {
  held = false;
  if (away) scrollTo({ top: 0 });
  away = false;
  write();
  void ask();
}

function toggle() {
  if (!following()) return follow();
  held = true;
  write();
}

/* Whether the newest row has left the view: it is behind the bars that stay on top. */
function placed() {
  const row = body?.firstElementChild, head = maybe(".stream th")?.getBoundingClientRect().bottom ?? 0;
  const gone = row ? row.getBoundingClientRect().bottom < Math.max(UNDER_BARS, head) : false;
  if (gone === away) return;
  away = gone;
  write();
  if (following()) void ask();
}

if (body && button) {
  newest = Number(body.dataset.newest);
  button.addEventListener("click", toggle);
  find("[data-waiting]").addEventListener("click", follow);
  addEventListener("scroll", placed, { passive: true });
  key("h", toggle);
  setInterval(ask, EVERY); // not with the polls' frames: events arrive while E2B's list cannot be read too
  placed();
}
show({ page: "events" });

/* The heads of the columns stand under the filters, however many lines those take. */
const bar = maybe(".filters");
if (bar) new ResizeObserver(() => find("main").style.setProperty("--filters", `${bar.offsetHeight}px`)).observe(bar);
