/* Elements by selector, with their type: what a template promises and does not hold is a fault, said at once. */

/**
 * @template {Element} T
 * @typedef {{ new (): T, prototype: T }} Kind
 */

/**
 * The first match below `root`, null where there is none.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {Kind<T>} [kind] HTMLElement when left out
 * @param {ParentNode} [root]
 * @returns {T | null}
 */
export function maybe(selector, kind, root = document) {
  const found = root.querySelector(selector);
  return found && as(kind, found, selector);
}

/**
 * The first match below `root`; an error where there is none.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {Kind<T>} [kind]
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function find(selector, kind, root = document) {
  const found = maybe(selector, kind, root);
  if (!found) throw new Error(`There is no ${selector} on this page`);
  return found;
}

/**
 * All matches below `root`.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {Kind<T>} [kind]
 * @param {ParentNode} [root]
 * @returns {T[]}
 */
export function all(selector, kind, root = document) {
  return [...root.querySelectorAll(selector)].map((found) => as(kind, found, selector));
}

/**
 * What an event happened in: its target or the nearest element around it that matches.
 * @template {Element} [T=HTMLElement]
 * @param {Event} event
 * @param {string} selector
 * @param {Kind<T>} [kind]
 * @returns {T | null}
 */
export function around(event, selector, kind) {
  const found = event.target instanceof Element ? event.target.closest(selector) : null;
  return found && as(kind, found, selector);
}

/**
 * @template {Element} T
 * @param {Kind<T> | undefined} kind
 * @param {Element} found
 * @param {string} selector
 * @returns {T}
 */
function as(kind, found, selector) {
  const wanted = kind ?? HTMLElement;
  if (!(found instanceof wanted)) throw new TypeError(`${selector} is no ${wanted.name}`);
  return /** @type {T} */ (found);
}
