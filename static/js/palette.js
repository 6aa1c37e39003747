/* The command palette: Ctrl K or ⌘ K, a few letters, arrows, Enter. The server finds; this moves and opens. */
import { withQuery } from "./here.js";
import { ask } from "./dialog.js";
import { all, around, find, maybe } from "./dom.js";
import { choose as chooseTheme } from "./theme.js";
import { toast } from "./toast.js";

const WAIT_MS = 90;
/** @type {Record<string, (value: string) => void>} what a line does right here, by `data-does` */
const DOES = {
  theme: chooseTheme,
  keys: () => maybe("#keys", HTMLDialogElement)?.showModal(),
  "sign-out": () => maybe("form[data-sign-out]", HTMLFormElement)?.requestSubmit(),
};
const dialog = maybe("#palette", HTMLDialogElement);
if (dialog) follow(dialog, find("input", HTMLInputElement, dialog), find(".lines", HTMLElement, dialog));

/**
 * @param {HTMLDialogElement} dialog
 * @param {HTMLInputElement} input
 * @param {HTMLElement} lines where the server's options stand
 */
function follow(dialog, input, lines) {
  /** @type {AbortController | null} */
  let asked = null;
  let waiting = 0, at = 0;
  let answered = ""; // what the lines are the answer to
  /** @type {{ elsewhere: boolean } | null} Enter was pressed before the answer: its first line is meant */
  let entered = null;

  const options = () => all("[role=option]", HTMLElement, lines);

  function choose(index) {
    const known = options();
    at = known.length ? (index + known.length) % known.length : 0;
    known.forEach((line, i) => line.setAttribute("aria-selected", String(i === at)));
    if (known[at]) input.setAttribute("aria-activedescendant", known[at].id);
    else input.removeAttribute("aria-activedescendant");
    known[at]?.scrollIntoView({ block: "nearest" });
  }

  async function fill() {
    asked?.abort();
    clearTimeout(waiting);
    const mine = (asked = new AbortController()), asking = input.value;
    try {
      const answer = await fetch(withQuery(dialog.dataset.lines, { q: asking }), { signal: mine.signal });
      if (answer.redirected) return void location.assign(location.href); // signed out meanwhile
      if (!answer.ok) throw new Error(`${answer.status}`);
      // eslint-disable-next-line no-restricted-syntax -- our own fragment, escaped where it was made
      lines.innerHTML = await answer.text();
      answered = asking;
      choose(0);
      if (entered) take(options()[0], entered.elsewhere);
      entered = null;
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      entered = null;
      answered = asking;
      const note = { className: "none", textContent: "Search failed. Keep typing to try again." };
      lines.replaceChildren(Object.assign(document.createElement("p"), note));
    }
  }

  function open() {
    if (document.querySelector("dialog[open]")) return;
    entered = null;
    dialog.showModal();
    input.select();
    fill();
  }

  function enter(elsewhere) {
    if (input.value === answered) return take(options()[at], elsewhere);
    entered = { elsewhere };
    return void fill();
  }

  function take(line, elsewhere = false) {
    if (line?.dataset.kind) {
      dialog.close();
      ask(line.dataset.kind, (line.dataset.keys ?? "").split(" "));
    } else if (line?.dataset.does) {
      dialog.close();
      DOES[line.dataset.does]?.(line.dataset.value ?? "");
    } else if (line instanceof HTMLAnchorElement) {
      if (elsewhere) globalThis.open(line.href, "_blank", "noopener");
      else location.assign(line.href);
    }
  }

  async function copy(id) {
    await navigator.clipboard.writeText(id);
    toast("yes", "Copied.");
  }

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else open();
    }
  });
  maybe("[data-palette]")?.addEventListener("click", open);
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    entered = null;
    waiting = setTimeout(fill, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    const line = options()[at], command = event.ctrlKey || event.metaKey;
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if (event.key === "Enter" && !event.isComposing) enter(command);
    else if (command && event.key === "c" && line?.dataset.id && input.selectionStart === input.selectionEnd) copy(line.dataset.id);
    else return;
    event.preventDefault();
  });
  lines.addEventListener("pointermove", (event) => {
    const line = around(event, "[role=option]");
    if (line && line.getAttribute("aria-selected") !== "true") choose(options().indexOf(line));
  });
  lines.addEventListener("click", (event) => take(around(event, "[data-kind], [data-does]")));
}
