/* Which rows the table showed last, in their order, for the page of one of them; kept by the tab alone. */
const KEPT = "listed";

/**
 * @typedef {{ ids: string[], first: number, total: number, list: string }} List `first` is the place of `ids[0]`, from 0
 */

/** @param {List} list */
export function remember(list) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(list));
  } catch {
    return; // no storage: there are no neighbours then
  }
}

/** @returns {List | null} */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}

/**
 * Its place in that list and who stands beside it; null where it is in none.
 * @param {string} id
 * @param {List | null} [list]
 */
export function listed(id, list = kept()) {
  const at = list?.ids.indexOf(id) ?? -1;
  if (!list || at < 0) return null;
  return { before: list.ids[at - 1] ?? "", after: list.ids[at + 1] ?? "", number: list.first + at + 1, total: Math.max(list.total, list.first + list.ids.length), list: list.list };
}

/** @param {number} number */
export function nth(number) {
  const teen = number % 100 >= 11 && number % 100 <= 13;
  return `${number.toLocaleString("en-US")}${teen ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th")}`;
}
