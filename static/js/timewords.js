/* What a time on the page says as it ages, by its `data-form`, and when it stands still. Pure. */
import { clock, due, end, exact, exactEnd, exactSpan, relative, shortDue, span, whole } from "./format.js";

/**
 * The page's time: `now` by the server's clock; `frozenAt`, since when policies are frozen; `staleAt`, of when the data
 * is once it is late. All in Unix seconds, null where that is not so.
 * @typedef {{ now: number, frozenAt: number | null, staleAt: number | null }} PageTime
 */

/* A time still to come is known as of the data: once that is late nothing counts down any more. */
/**
 * @param {number} at
 * @param {PageTime} page
 */
const asOf = (at, { now, staleAt }) => (staleAt !== null && at > staleAt ? Math.min(now, staleAt) : now);

/** @type {Record<string, (at: number, page: PageTime) => string>} by `data-form` */
const FORMS = {
  ago: (at, page) => relative(at, asOf(at, page)),
  age: (at, { now }) => span(now - at),
  since: (at, { now }) => exactSpan(now - at),
  left: (at, page) => exactSpan(at - asOf(at, page)),
  end: (at, page) => end(at, asOf(at, page)),
  "exact-end": (at, page) => exactEnd(at, asOf(at, page)),
  due: (at, page) => due(at, asOf(at, page), page.frozenAt) + (stands(at, page) ? `, as of ${clock(page.staleAt)}` : ""),
  "short-due": (at, page) => shortDue(at, asOf(at, page), page.frozenAt),
};

/**
 * @param {number} at
 * @param {PageTime} page
 */
const stands = (at, { frozenAt, staleAt }) => frozenAt === null && staleAt !== null && at > staleAt;

/**
 * The words of a form, null for one that does not change with time.
 * @param {string} form
 * @param {number} at Unix seconds
 * @param {PageTime} page
 */
export const timeWords = (form, at, page) => FORMS[form]?.(at, page) ?? null;

/**
 * The moment that a slider stands at, for who hears it: with its date, or that it is now.
 * @param {number | null} at Unix seconds, null for now
 * @param {number} now
 * @param {number | null} count how many ran then, null where that is not on record
 */
export function momentWords(at, now, count) {
  const ran = count === null ? "" : `, ${whole(count)} running`;
  if (at === null) return `now${ran}`;
  return `${exact(at)}, ${relative(at, now)}${ran || ", no polls"}`;
}
