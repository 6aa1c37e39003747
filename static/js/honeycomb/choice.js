/* How the honeycomb is grouped and coloured: said by the address, remembered by the browser, changed by the controls. */
import { address } from "../address.js";
import { all, around, find } from "../dom.js";

const USUAL = { by: "template", colour: "cpu", owner: "" };
/** @type {Record<string, string[]>} */
const KNOWN = { by: ["template", "owner", "environment", "state"], colour: ["cpu", "mem", "age", "cost", "owner"] };
const KEPT = "honeycomb";
const sound = ([name, value]) => typeof value === "string" && (name === "owner" || KNOWN[name]?.includes(value));

/* The address first, then what was chosen last time. */
function read() {
  const asked = [...new URLSearchParams(location.search)].filter(sound);
  return { ...USUAL, ...(asked.length ? Object.fromEntries(asked) : kept()) };
}

function kept() {
  try {
    return Object.fromEntries(Object.entries(JSON.parse(localStorage.getItem(KEPT) ?? "null") ?? {}).filter(sound));
  } catch {
    return {}; // no storage, or not ours
  }
}

function keep(choice) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(choice));
  } catch {
    return; // the address still says it
  }
}

/**
 * Shows the choice on these controls and on the comb, and follows both hands and the Back key.
 * @param {import("./honeycomb.js").Honeycomb} comb
 * @param {HTMLElement} section
 */
export function choices(comb, section) {
  let choice = read();
  const select = find("[data-by]", HTMLSelectElement, section), more = find("[data-owner-more]", HTMLSelectElement, section);
  const apply = () => {
    select.value = choice.by;
    for (const button of all("[data-measure]", HTMLElement, section)) button.setAttribute("aria-pressed", String(button.dataset.measure === choice.colour));
    comb.choose({ by: choice.by, measure: choice.colour, owner: choice.owner });
  };
  const change = (part) => {
    choice = { ...choice, ...part };
    keep(choice);
    tell();
    apply();
  };
  const tell = () => {
    const said = Object.entries(choice).map(([name, value]) => [name, value === USUAL[name] || (name === "owner" && choice.colour !== "owner") ? null : value]);
    history.replaceState(history.state, "", address(Object.fromEntries(said)));
  };
  select.addEventListener("change", () => change({ by: select.value }));
  more.addEventListener("change", () => more.value && change({ owner: more.value }));
  section.addEventListener("click", (event) => {
    const button = around(event, "[data-measure], [data-owner]");
    if (button) change(button.dataset.measure ? { colour: button.dataset.measure } : { owner: button.dataset.owner });
  });
  addEventListener("popstate", () => {
    choice = read();
    apply();
  });
  tell();
  apply();
}
