/* Marks of the sprite, made by script: a state is always a shape and a word. */
const NS = "http://www.w3.org/2000/svg";
const STATES = { running: "run", paused: "pause", ended: "end", orphan: "orph" };

/**
 * @template {keyof SVGElementTagNameMap} N
 * @param {N} name
 * @param {Record<string, string | number>} [attributes]
 * @param {SVGElement[]} [children]
 */
export function svg(name, attributes = {}, children = []) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

export function glyph(name, extra = name) {
  return svg("svg", { class: `g ${extra}`, "aria-hidden": "true" }, [svg("use", { href: `${document.body.dataset.sprite}#g-${name}` })]);
}

export function stateMark(state, orphan) {
  const word = orphan && state !== "ended" ? "orphan" : state;
  const mark = document.createElement("span");
  mark.className = `state s-${STATES[word]}`;
  const text = document.createElement("span");
  text.textContent = word;
  mark.append(glyph(STATES[word]), text);
  return mark;
}
