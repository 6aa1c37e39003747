/* Names from outside, shown exactly, as dashboard/ui/names.py writes them. Pure but for `exactly`. */
/** @type {Record<string, string>} */
const MARKS = {
  "\u200e": "LRM", "\u200f": "RLM", "\u061c": "ALM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
  "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
  "\u200b": "ZWSP", "\u2060": "WJ", "\ufeff": "BOM", "\n": "LF", "\r": "CR", "\t": "TAB", "\u00a0": "NBSP",
  "\u2028": "LSEP", "\u2029": "PSEP",
};
const BLANK = /^[ \t\n\v\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/;
const PLAIN = /^[!-~](?:[ -~]*[!-~])?$/;

/**
 * The text in pieces: [words, ""] as they are, ["", mark] for what is spelled out.
 * @param {string} text
 * @returns {[words: string, mark: string][]}
 */
export function pieces(text) {
  const core = text.replace(/^ +| +$/g, ""), lead = core ? text.length - text.replace(/^ +/, "").length : text.length;
  /** @type {(count: number) => [string, string][]} */
  const spaces = (count) => Array.from({ length: count }, () => ["", "space"]);
  /** @type {[string, string][]} */
  const found = [];
  for (const letter of core) {
    const code = letter.codePointAt(0) ?? 0, control = code < 32 || (code >= 127 && code < 160);
    const mark = MARKS[letter] ?? (control ? `U+${code.toString(16).toUpperCase().padStart(4, "0")}` : ""), last = found.at(-1);
    if (mark) found.push(["", mark]);
    else if (last?.[0]) last[0] += letter;
    else found.push([letter, ""]);
  }
  return [...spaces(lead), ...found, ...spaces(text.length - lead - core.length)];
}

/**
 * As plain text, for a canvas, an option or a label.
 * @param {string} text
 */
export function spelled(text) {
  if (!text || PLAIN.test(text)) return text;
  if (BLANK.test(text)) return "⟨blank⟩";
  return pieces(text).map(([words, mark]) => words || `⟨${mark}⟩`).join("");
}

/**
 * As an element of its own direction, what hides spelled out in boxes.
 * @param {string} text
 * @returns {Node}
 */
export function exactly(text) {
  if (PLAIN.test(text)) return document.createTextNode(text);
  const name = document.createElement("bdi");
  const shown = BLANK.test(text) ? [["", "blank"]] : pieces(text);
  for (const [words, mark] of shown) {
    if (words) name.append(words);
    else name.append(Object.assign(document.createElement("span"), { className: "odd", textContent: mark }));
  }
  return name;
}
