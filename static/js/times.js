/* Relative times stay true: every `<time data-form>` is written anew as it ages, only when its words change. */
import { all } from "./dom.js";
import { exact } from "./format.js";
import { eachSecond, pageTime } from "./pageclock.js";
import { timeWords } from "./timewords.js";

/**
 * Gives a time element another time, or another form.
 * @param {HTMLTimeElement} time
 * @param {number} at Unix seconds
 * @param {string} [form] as `{% when %}` knows them
 */
export function setTime(time, at, form = time.dataset.form ?? "ago") {
  const iso = new Date(at * 1000).toISOString();
  if (time.dateTime !== iso || time.dataset.form !== form) {
    time.dateTime = iso;
    time.dataset.form = form;
    time.title = exact(at);
  }
  write(time, pageTime());
}

/**
 * @param {HTMLTimeElement} time
 * @param {import("./timewords.js").PageTime} page
 */
function write(time, page) {
  const words = timeWords(time.dataset.form ?? "", Date.parse(time.dateTime) / 1000, page);
  if (words !== null && time.textContent !== words) time.textContent = words;
}

function writeAll() {
  const page = pageTime();
  for (const time of all("time[data-form]", HTMLTimeElement)) write(time, page);
}

eachSecond(writeAll);
document.addEventListener("htmx:afterSettle", writeAll);
