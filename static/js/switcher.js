/* The switcher by keys: `.` opens it, arrows move, Space ticks, Enter looks at only that account, Ctrl A at all. */
import { all, maybe } from "./dom.js";
import { key } from "./keys.js";

const place = maybe("[data-switcher]", HTMLDetailsElement);
const ticks = () => (place ? all(".acc-tick", HTMLAnchorElement, place) : []);

/** @param {HTMLElement} tick */
const alone = (tick) => tick.parentElement && maybe(".nm a, a.nm", HTMLAnchorElement, tick.parentElement);

/** @param {KeyboardEvent} event */
function press(event) {
  const rows = ticks(), at = rows.findIndex((tick) => tick.parentElement?.contains(document.activeElement));
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) rows.at((at + step + rows.length) % rows.length)?.focus();
  else if (event.key === "a" && (event.ctrlKey || event.metaKey)) rows[0].click();
  else if (event.key === " " && rows[at]) rows[at].click();
  else if (event.key === "Enter" && rows[at] === document.activeElement) alone(rows[at])?.click();
  else return;
  event.preventDefault();
}

/* A tick loads the page anew over other accounts: the list is open again, where it was. */
const KEPT = "switcher";

if (place) {
  const row = Number(sessionStorage.getItem(KEPT) ?? -1);
  sessionStorage.removeItem(KEPT);
  if (row >= 0) {
    place.open = true;
    ticks()[row]?.focus();
  }
  for (const [at, tick] of ticks().entries()) tick.addEventListener("click", () => sessionStorage.setItem(KEPT, String(at)));
  place.addEventListener("keydown", press);
  key(".", () => {
    place.open = true;
    (ticks().find((tick) => tick.ariaChecked === "true") ?? ticks()[0])?.focus();
  });
}
