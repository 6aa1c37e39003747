/* The command palette: Ctrl K or ⌘ K, a few letters, arrows, Enter. The server finds; this moves and opens. */
import { ask } from "./dialog.js";
import { toast } from "./toast.js";

const WAIT_MS = 90;
const dialog = document.querySelector("#palette");
const input = dialog?.querySelector("input");
const lines = dialog?.querySelector(".lines");
let asked = null, waiting = 0, at = 0;

const options = () => [...lines.querySelectorAll("[role=option]")];

function choose(index) {
  const all = options();
  at = all.length ? (index + all.length) % all.length : 0;
  all.forEach((line, i) => line.setAttribute("aria-selected", String(i === at)));
  if (all[at]) input.setAttribute("aria-activedescendant", all[at].id);
  else input.removeAttribute("aria-activedescendant");
  all[at]?.scrollIntoView({ block: "nearest" });
}

async function fill() {
  asked?.abort();
  asked = new AbortController();
  try {
    const answer = await fetch(`${dialog.dataset.lines}?${new URLSearchParams({ q: input.value })}`, { signal: asked.signal });
    if (answer.redirected) return void location.assign(location.href); // signed out meanwhile
    if (!answer.ok) throw new Error(`${answer.status}`);
    // eslint-disable-next-line no-restricted-syntax -- our own fragment, escaped where it was made
    lines.innerHTML = await answer.text();
    choose(0);
  } catch (error) {
    if (error.name === "AbortError") return;
    lines.replaceChildren(Object.assign(document.createElement("p"), { className: "none", textContent: "The search did not answer. Type on to try again." }));
  }
}

function open() {
  if (document.querySelector("dialog[open]")) return;
  dialog.showModal();
  input.select();
  fill();
}

function take(line, elsewhere = false) {
  if (!line) return;
  if (line.dataset.kind) {
    dialog.close();
    ask(line.dataset.kind, line.dataset.keys.split(" "));
  } else if (elsewhere) globalThis.open(line.href, "_blank", "noopener");
  else location.assign(line.href);
}

async function copy(line) {
  await navigator.clipboard.writeText(line.dataset.id);
  toast("yes", "Copied.");
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else open();
    }
  });
  document.querySelector("[data-palette]")?.addEventListener("click", open);
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(fill, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    const line = options()[at], command = event.ctrlKey || event.metaKey;
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if (event.key === "Enter") take(line, command);
    else if (command && event.key === "c" && line?.dataset.id && input.selectionStart === input.selectionEnd) copy(line);
    else return;
    event.preventDefault();
  });
  lines.addEventListener("pointermove", (event) => {
    const line = event.target.closest("[role=option]");
    if (line && line.getAttribute("aria-selected") !== "true") choose(options().indexOf(line));
  });
  lines.addEventListener("click", (event) => {
    const line = event.target.closest("[data-kind]");
    if (line) take(line);
  });
}
