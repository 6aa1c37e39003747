/* Log lines as elements, texts only ever put in as text; between two of them what kept the sandbox silent. */
import { clock, exact, span } from "../format.js";
import { glyph } from "../marks.js";

const SILENCE = 300; // seconds without a line that are worth saying
/**
 * @typedef {{ t: number | null, ms: number, level: string, message: string, fields?: Record<string, unknown> }} Line `t` in Unix seconds
 */

/** @type {Record<string, [name: string, extra: string]>} */
const MARKS = { error: ["bad", "bad"], warn: ["warn", "ink"] };

/** @param {Line} line */
export const nameOf = (line) => `${line.t} ${line.level} ${line.message}`;

/** @param {Line} line */
export function lineElement(line) {
  const item = document.createElement("li");
  item.className = `l-${line.level in MARKS || line.level === "debug" ? line.level : "info"}`;
  const time = document.createElement("time");
  if (line.t !== null) {
    time.dateTime = new Date(line.t * 1000).toISOString();
    time.title = exact(line.t);
  }
  time.textContent = line.t === null ? "no time" : clock(line.t);
  const message = document.createElement("span");
  message.className = "message";
  const mark = MARKS[line.level];
  if (mark) message.append(glyph(...mark), hidden(`${line.level}: `));
  message.append(line.message);
  const fields = Object.entries(line.fields ?? {});
  if (fields.length) message.append(" ", fieldsOf(fields));
  item.append(time, message);
  return item;
}

function hidden(words) {
  const element = document.createElement("span");
  element.className = "vh";
  element.textContent = words;
  return element;
}

function fieldsOf(fields) {
  const element = document.createElement("span");
  element.className = "fields";
  element.textContent = fields.map(([name, value]) => `${name}=${value}`).join(" ");
  return element;
}

/**
 * `stretches` are the lane's: a pause between the lines is told as one, else a long silence.
 * @param {Line | undefined} before
 * @param {Line | undefined} after
 * @param {import("../lane.js").Stretch[]} stretches
 */
export function silence(before, after, stretches) {
  const from = before?.t, to = after?.t;
  if (from == null || to == null) return null;
  const pause = stretches.find((one) => one.state === "paused" && one.start >= from - 5 && one.end <= to + 5);
  const words = pause ? `paused ${span(pause.end - pause.start)}` : to - from > SILENCE ? `no lines for ${span(to - from)}` : null;
  if (!words) return null;
  const item = document.createElement("li");
  item.className = `gap${pause ? " pause" : ""}`;
  const said = document.createElement("span");
  said.textContent = words;
  item.append(said);
  return item;
}
