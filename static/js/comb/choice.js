/* How the honeycomb is grouped and coloured: said by the address, remembered by the browser, changed by the controls. */
import { address } from "../address.js";

const USUAL = { by: "template", colour: "cpu", owner: "" };
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
    return Object.fromEntries(Object.entries(JSON.parse(localStorage.getItem(KEPT)) ?? {}).filter(sound));
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

/* Shows the choice on these controls and on the comb, and follows both hands and the Back key. */
export function choices(comb, section) {
  let choice = read();
  const select = section.querySelector("[data-by]"), more = section.querySelector("[data-owner-more]");
  const apply = () => {
    select.value = choice.by;
    for (const button of section.querySelectorAll("[data-measure]")) button.setAttribute("aria-pressed", String(button.dataset.measure === choice.colour));
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
  section.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-measure], [data-owner]");
    if (button) change(button.dataset.measure ? { colour: button.dataset.measure } : { owner: button.dataset.owner });
  });
  addEventListener("popstate", () => {
    choice = read();
    apply();
  });
  tell();
  apply();
}
