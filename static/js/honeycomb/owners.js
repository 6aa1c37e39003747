/* Whose cells are lit: the owners of most sandboxes as buttons, all others in a list. */
import { find } from "../dom.js";
import { whole } from "../format.js";
import { exactly, spelled } from "../names.js";

const BUTTONS = 5, MOST = 300;

/**
 * @param {HTMLElement} keys
 * @param {[name: string, count: number][] | undefined} owners most first; nothing while the colour says something else
 * @param {string | undefined} chosen the one that is lit
 */
export function showOwners(keys, owners, chosen) {
  const place = find("[data-owners]", HTMLElement, keys);
  place.hidden = !owners;
  find("[data-filled]", HTMLElement, keys).hidden = Boolean(owners);
  if (!owners) return;
  const group = find("[role=group]", HTMLElement, place);
  const first = held(group, owners) ?? owners.slice(0, BUTTONS);
  const known = first.some(([name]) => name === chosen);
  const own = owners.find(([name]) => name === chosen);
  if (!known && own) first[first.length - 1] = own;
  buttons(group, first, chosen);
  others(find("[data-owner-more]", HTMLSelectElement, place), owners.filter((one) => !first.includes(one)));
}

/**
 * While the pointer or the keyboard is in the group its buttons keep their places: a click never lands on another owner.
 * @param {HTMLElement} group
 * @param {[name: string, count: number][]} owners
 * @returns {[name: string, count: number][] | null}
 */
function held(group, owners) {
  if (!group.childElementCount || !group.matches(":hover, :focus-within")) return null;
  const counts = new Map(owners);
  return [...group.querySelectorAll("button")].map(({ dataset: { owner = "" } }) => [owner, counts.get(owner) ?? 0]);
}

/* The same elements each time: the keyboard's place stays. */
function buttons(host, owners, chosen) {
  while (host.childElementCount > owners.length) host.lastElementChild.remove();
  owners.forEach(([name, count], i) => {
    const button = host.children[i] ?? host.appendChild(made());
    const told = `${name}\n${count}`;
    button.setAttribute("aria-pressed", String(name === chosen));
    if (button.dataset.told === told) return;
    Object.assign(button.dataset, { told, owner: name });
    button.children[1].replaceChildren(exactly(name));
    button.lastElementChild.textContent = whole(count);
  });
}

function made() {
  const button = document.createElement("button");
  button.type = "button";
  for (const name of ["swatch", "", "n"]) button.append(Object.assign(document.createElement("span"), { className: name }));
  return button;
}

function others(select, owners) {
  const told = owners.map(([name]) => name).join("\n");
  select.hidden = !owners.length;
  if (select.dataset.told === told || select === document.activeElement) return;
  select.dataset.told = told;
  const words = owners.slice(0, MOST).map(([name, count]) => new Option(`${spelled(name)}  ${whole(count)}`, name));
  select.replaceChildren(new Option(`${whole(owners.length)} more`, ""), ...words);
}
