/* Addresses of other pages and parts of ours, over the accounts that this page looks at. */

/**
 * @param {string} path with or without a query and a fragment
 * @returns {string}
 */
export function here(path) {
  const named = new URLSearchParams(location.search).get("account");
  const to = new URL(path, location.href);
  if (!named || to.searchParams.has("account")) return path;
  const mark = to.search ? "&" : "?";
  return `${to.pathname}${to.search}${mark}account=${encodeURIComponent(named).replaceAll("%2C", ",")}${to.hash}`;
}

/**
 * An address of the page's own, which may have a query, with more asked for.
 * @param {string | undefined} base
 * @param {Record<string, string | number>} more
 * @returns {string}
 */
export function withQuery(base = "", more) {
  const query = new URLSearchParams(Object.entries(more).map(([name, value]) => [name, String(value)])).toString();
  return query ? `${base}${base.includes("?") ? "&" : "?"}${query}` : base;
}
