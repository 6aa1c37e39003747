/* Log lines as elements, texts only ever put in as text; between two of them what kept the sandbox silent. */
import { clock, exact, span } from "../format.js";
import { glyph } from "../marks.js";

const SILENCE = 300; // seconds without a line that are worth saying
const MARKS = { error: ["bad", "bad"], warn: ["warn", "ink"] };

export const nameOf = (line) => `${line.t} ${line.level} ${line.message}`;

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

/* `stretches` are the lane's {start, end, state}: a pause between the lines is told as one, else a long silence. */
export function silence(before, after, stretches) {
  if (before?.t == null || after?.t == null) return null;
  const pause = stretches.find((one) => one.state === "paused" && one.start >= before.t - 5 && one.end <= after.t + 5);
  const words = pause ? `paused ${span(pause.end - pause.start)}` : after.t - before.t > SILENCE ? `no line for ${span(after.t - before.t)}` : null;
  if (!words) return null;
  const item = document.createElement("li");
  item.className = `gap${pause ? " pause" : ""}`;
  const said = document.createElement("span");
  said.textContent = words;
  item.append(said);
  return item;
}
