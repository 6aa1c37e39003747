/* Figures in words, as the pages write them; dashboard/ui/formats.py says the same on the server. */
const GIB = 1024 ** 3, MIB = 1024 ** 2, DASH = "–";
const two = (n) => String(n).padStart(2, "0");

export const whole = (n) => (n == null ? DASH : Math.round(n).toLocaleString("en-US"));
export const percent = (v, digits = 1) => (v == null ? DASH : `${v.toFixed(digits)} %`);

export function span(seconds) {
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
  const past = now - at;
  if (Math.abs(past) < 1) return "now";
  return past > 0 ? `${span(past)} ago` : `in ${span(-past)}`;
}

export function clock(seconds) {
  const at = new Date(seconds * 1000);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

export const exact = (seconds) => `${new Date(seconds * 1000).toUTCString().replace("GMT", "UTC").replace(/:(\d\d) /, ":$1 ")}`;

export function size(bytes) {
  if (bytes == null) return DASH;
  return bytes >= GIB ? `${(bytes / GIB).toFixed(2)} GiB` : `${Math.round(bytes / MIB)} MiB`;
}

/* Without its unit, in that of the limit that stands beside it. */
export function sizeOf(bytes, limit) {
  if (bytes == null) return DASH;
  return limit >= GIB ? (bytes / GIB).toFixed(2) : String(Math.round(bytes / MIB));
}

export function roundSize(bytes) {
  if (!bytes) return DASH;
  const [value, unit] = bytes >= GIB ? [bytes / GIB, "GiB"] : [bytes / MIB, "MiB"];
  return `${value.toFixed(1).replace(/\.0$/, "")} ${unit}`;
}

export function usd(value) {
  if (value == null) return DASH;
  if (Math.abs(value) < 1) return `$${value.toFixed(3)}`;
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}
