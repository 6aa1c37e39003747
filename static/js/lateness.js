/* Whether what a page shows is late, and who is cut off: this browser, the server, or the server from its backend. Pure. */

/**
 * `stale`: the server is there and has not polled; `unreachable`: the server does not answer, so nobody here knows;
 * `offline`: this machine has no network, and so no
 * messages (a server on the machine itself is reached without one). Empty while all is well, or nothing was ever polled.
 * @param {{ now: number, at: number | null, most: number, online: boolean, connected: boolean }} page
 *   `at` is the last poll known, `most` how many seconds old it may be
 * @returns {"" | "stale" | "unreachable" | "offline"}
 */
export function lateness({ now, at, most, online, connected }) {
  if (!online && !connected) return "offline";
  if (at === null || now - at <= most) return "";
  return connected ? "stale" : "unreachable";
}
