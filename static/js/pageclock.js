/* The page's one clock: the server's time, whether policies are frozen and data is late, and one tick a second for all. */
import { ServerClock } from "./serverclock.js";

/** @typedef {import("./timewords.js").PageTime} PageTime */

const server = new ServerClock();
/** @type {(() => void)[]} */
const followers = [];
/** @type {Omit<PageTime, "now">} */
const stands = { frozenAt: given("frozenAt"), staleAt: given("staleAt") };

/** @param {string} name */
function given(name) {
  const value = document.body.dataset[name];
  return value ? Number(value) : null;
}

/* The server's time, in Unix seconds. */
export const serverNow = () => Date.now() / 1000 + server.offset;

/** @returns {PageTime} */
export const pageTime = () => ({ now: serverNow(), ...stands });

/**
 * A message that the server has just sent says its time.
 * @param {number} at Unix seconds
 */
export const learn = (at) => server.learn(at, Date.now() / 1000);

/**
 * Since when policies are frozen or the data is late, null when that is over. What shows time is written anew.
 * @param {Partial<Omit<PageTime, "now">>} what
 */
export function standStill(what) {
  const changed = Object.entries(what).some(([name, at]) => at !== stands[name]);
  Object.assign(stands, what);
  if (changed) tell();
}

/**
 * `does` is called as each second of the server's begins, and when the page comes back into view.
 * @param {() => void} does
 */
export const eachSecond = (does) => void followers.push(does);

function tell() {
  for (const does of followers) does();
}

function tick() {
  setTimeout(tick, 1000 - ((serverNow() * 1000) % 1000));
  if (!document.hidden) tell();
}

/* What the page itself says of the time, as of when its first byte came by our clock. */
const [loaded] = performance.getEntriesByType("navigation");
const since = performance.now() - (loaded instanceof PerformanceNavigationTiming ? loaded.responseStart : 0);
server.learn(given("now") ?? Date.now() / 1000, (Date.now() - since) / 1000);
document.addEventListener("visibilitychange", () => document.hidden || tell());
setTimeout(tick);
