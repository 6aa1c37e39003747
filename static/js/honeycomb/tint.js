/* When so many are orphans that a ring round each would be noise: then they are an even tint, one calm area. Pure. */
export const RINGS_UP_TO = 0.15;

/**
 * @param {{ orphan: number, plain: number, paused: number, stale: number }} counts
 */
export function isTinted({ orphan, plain, paused, stale }) {
  return orphan > RINGS_UP_TO * (orphan + plain + paused + stale);
}

/**
 * A colour with a share of another laid over it, both `#rrggbb`.
 * @param {string} under
 * @param {string} over
 * @param {number} share 0 to 1
 */
export function laidOver(under, over, share) {
  const [a, b] = [under, over].map((colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)));
  return `#${a.map((value, i) => Math.round(value + (b[i] - value) * share).toString(16).padStart(2, "0")).join("")}`;
}
