/* Figures in words, as the pages write them; dashboard/ui/formats.py writes the same on the server, and
   tests/format_cases.json holds both to it. Ties are rounded half up, away from zero. */
const GIB = 1024 ** 3, MIB = 1024 ** 2, DASH = "–";
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** @type {[number, string][]} */
const UNITS = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const two = (n) => String(n).padStart(2, "0");

/* Never `-0`. */
const fixed = (value, digits = 0) => value.toFixed(digits).replace(/^-(?=[0.]+$)/, "");
const grouped = (text) => text.replace(/\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ","));

export const whole = (n) => (n == null ? DASH : grouped(fixed(n)));
export const percent = (v, digits = 1) => (v == null ? DASH : `${fixed(v, digits)}%`);

export function span(seconds) {
  if (seconds == null) return DASH;
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 36000) {
    const minutes = Math.floor(s / 60) % 60;
    return `${Math.floor(s / 3600)} h${minutes ? ` ${minutes} min` : ""}`;
  }
  return s < 2 * 86400 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} d`;
}

export function exactSpan(seconds) {
  const s = Math.max(0, Math.round(seconds));
  return s >= 60 && s < 3600 ? `${Math.floor(s / 60)} min ${two(s % 60)} s` : span(s);
}

export function relative(at, now) {
  if (at == null) return DASH;
  const past = now - at;
  if (Math.abs(past) < 1) return "now";
  return past > 0 ? `${span(past)} ago` : `in ${span(-past)}`;
}

/* The end of a sandbox: `in 26 min`, `now`, `23 min late`; and the same to the second. */
export const end = (at, now) => ending(at, now, span);
export const exactEnd = (at, now) => ending(at, now, exactSpan);

function ending(at, now, words) {
  if (at == null) return DASH;
  const left = at - now;
  if (Math.abs(left) < 1) return "now";
  return left > 0 ? `in ${words(left)}` : `${words(-left)} late`;
}

/* What a policy is about to do: `in 38 s`, `now`, or while policies are frozen `paused with 38 s to go`. */
/** @param {number | null} [frozenAt] */
export function due(at, now, frozenAt = null) {
  if (frozenAt !== null) return `paused with ${exactSpan(at - frozenAt).replaceAll(" ", "\u00a0")} to\u00a0go`;
  return at - now < 1 ? "now" : `in ${exactSpan(at - now)}`;
}

/* The same where there is little room. */
/** @param {number | null} [frozenAt] */
export function shortDue(at, now, frozenAt = null) {
  if (frozenAt !== null) return `frozen, ${span(at - frozenAt)}`;
  return at - now < 1 ? "acts now" : `acts in ${span(at - now)}`;
}

/* A length that somebody set, exactly: `1 min 30 s`, `2 h 15 min`, `1 d 12 h`. */
export function duration(seconds) {
  if (seconds == null) return DASH;
  let left = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [size, unit] of UNITS) {
    if (left >= size) parts.push(`${Math.floor(left / size)} ${unit}`);
    left %= size;
  }
  return parts.join(" ") || "0 s";
}

export function clock(seconds) {
  const at = new Date(seconds * 1000);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/* `20 Nov 14:16:21`, in UTC. */
export function dated(seconds) {
  const at = new Date(seconds * 1000);
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${clock(seconds)}`;
}

/* `Thu 20 Nov 2025, 14:16:21 UTC`. */
export function exact(seconds) {
  if (seconds == null) return "";
  const at = new Date(seconds * 1000);
  return `${DAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${clock(seconds)} UTC`;
}

export function size(bytes) {
  if (bytes == null) return DASH;
  return bytes >= GIB ? `${fixed(bytes / GIB, 2)} GiB` : `${fixed(bytes / MIB)} MiB`;
}

/* Without its unit, in that of the limit that stands beside it. */
export function sizeOf(bytes, limit) {
  if (bytes == null) return DASH;
  return limit >= GIB ? fixed(bytes / GIB, 2) : fixed(bytes / MIB);
}

export function roundSize(bytes) {
  if (!bytes) return DASH;
  const [value, unit] = bytes >= GIB ? [bytes / GIB, "GiB"] : [bytes / MIB, "MiB"];
  return `${fixed(value, 1).replace(/\.0$/, "")} ${unit}`;
}

export function usd(value) {
  if (value == null) return DASH;
  if (Math.abs(value) < 1) return `$${fixed(value, 3)}`;
  return `$${grouped(fixed(value, 2))}`;
}
