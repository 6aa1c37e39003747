/* Relative times stay true: every `<time data-form>` is written anew as it ages, only when its words change. */
import { all } from "./dom.js";
import { exactSpan, relative, span } from "./format.js";

/** @type {Record<string, (at: number, now: number) => string>} */
const forms = {
  ago: (at, now) => relative(at, now),
  age: (at, now) => span(now - at),
  left: (at, now) => exactSpan(at - now),
};

function write() {
  const now = Date.now() / 1000;
  for (const time of all("time[data-form]", HTMLTimeElement)) {
    const form = forms[time.dataset.form ?? ""];
    if (!form) continue;
    const words = form(Date.parse(time.dateTime) / 1000, now);
    if (time.textContent !== words) time.textContent = words;
  }
}

setInterval(() => {
  if (!document.hidden) write();
}, 1000);
document.addEventListener("htmx:afterSettle", write);
