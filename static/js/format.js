/* Figures in words, as the pages write them; dashboard/ui/formats.py writes the same on the server, and
   tests/format_cases.json holds both to it. Ties are rounded half up, away from zero. */
const GIB = 1024 ** 3, MIB = 1024 ** 2, DASH = "–";
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
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
