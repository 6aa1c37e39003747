/* The one before and the one after in the list that this sandbox was opened from: "3rd of 14", k and j. */
import { here } from "./here.js";
import { maybe } from "./dom.js";
import { key } from "./keys.js";
import { listed, nth } from "./listed.js";
import { whole } from "./format.js";

/**
 * @param {HTMLElement} place
 * @param {ReturnType<typeof listed>} found
 */
function follow(place, found) {
  if (!found) return;
  const { before, after, number, total, list } = found;
  const back = Object.assign(document.createElement("a"), { href: list, textContent: `${nth(number)} of ${whole(total)}` });
  place.replaceChildren(step("Previous sandbox", "k", "‹", before), back, step("Next sandbox", "j", "›", after));
  place.hidden = false;
  key("k", () => go(before));
  key("j", () => go(after));
}

const go = (id) => (id ? location.assign(where(id)) : false);
const where = (id) => here(`/sandboxes/${encodeURIComponent(id)}/`);

function step(word, letter, sign, id) {
  const made = document.createElement(id ? "a" : "span");
  made.className = "icon";
  made.textContent = sign;
  made.title = `${word} (${letter})`;
  if (made instanceof HTMLAnchorElement) made.href = where(id);
  made.setAttribute("aria-label", word);
  if (!id) made.setAttribute("aria-disabled", "true");
  return made;
}

const place = maybe("[data-neighbours]");
if (place) follow(place, listed(place.dataset.neighbours ?? ""));
