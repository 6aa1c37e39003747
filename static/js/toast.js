/* One line at the foot of the page about what was just done; it stays until read or ten seconds have passed. */
import { here } from "./here.js";
import { all, find } from "./dom.js";
import { glyph } from "./marks.js";
import { on } from "./live.js";

const LONGEST = 10_000, MOST = 4;
/** @type {Record<string, [mark: string, done: string]>} */
const DONE = { kill: ["killed", "killed"], pause: ["pause", "paused"], resume: ["resumed", "resumed"], extend: ["updated", "extended"], timeout: ["updated", "given a new end"] };

/**
 * `asked` marks what is only asked for: that it was done takes its place.
 * @param {string} mark
 * @param {string} text
 * @param {boolean} [asked]
 * @param {{ href: string, word: string } | null} [more] where the rest of it is told
 * @param {Undo | null} [undo] the request that takes it back
 */
export function toast(mark, text, asked = false, more = null, undo = null) {
  const list = find(".toasts");
  const line = document.createElement("div");
  const words = document.createElement("p");
  words.textContent = text;
  if (more) {
    const link = document.createElement("a");
    link.className = "act";
    link.href = more.href;
    link.textContent = more.word;
    words.append(" ", link);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "icon";
  close.setAttribute("aria-label", "Close");
  close.textContent = "×";
  close.addEventListener("click", () => line.remove());
  line.append(glyph(mark, ["bad", "pause"].includes(mark) ? mark : "ink"), words, ...(undo ? [undoing(line, undo)] : []), close);
  if (asked) line.dataset.asked = mark;
  list.append(line);
  /* In the top layer, so that it is seen over an open dialog too. */
  if (list.matches(":popover-open")) list.hidePopover();
  list.showPopover();
  while (list.children.length > MOST) list.firstElementChild?.remove();
  setTimeout(() => line.remove(), LONGEST);
}

/**
 * A button that takes it back, once; what came of that is a line of its own.
 * @param {HTMLElement} line
 * @param {Undo} undo
 */
function undoing(line, { url, values, form }) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "btn slim", textContent: "Undo" });
  button.addEventListener("click", () => {
    line.remove();
    if (form) send(url, values);
    else htmx.ajax("POST", url, { values, swap: "none" });
  });
  return button;
}

/* As a form of the page would: its answer is the page that follows. */
function send(url, values) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: url, hidden: true });
  const token = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"];
  for (const [name, value] of Object.entries({ ...values, csrfmiddlewaretoken: token })) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}

/* What the page before had to say. */
for (const told of all("template[data-toast]", HTMLTemplateElement)) {
  const { mark, text, undo } = JSON.parse(told.dataset.toast ?? "{}");
  toast(mark, text, false, null, undo);
}

document.addEventListener("toast", (event) => {
  const { mark, text, ok, undo, trail } = event.detail;
  toast(mark, text, ok, trail ? { href: trail, word: "Audit trail" } : null, undo);
  if (event.detail.ok) document.dispatchEvent(new Event("acted"));
});

/* Many at once become one line. */
on("actions", ({ items }) => {
  const failed = items.filter((item) => item.state === "failed");
  for (const item of failed.slice(0, 2)) {
    toast("bad", `${item.kind} of ${item.sandbox_id} failed: ${item.error}`, false, { href: here(`/cleanup/#action-${item.id}`), word: "Audit trail" });
  }
  for (const kind of Object.keys(DONE)) {
    const done = items.filter((item) => item.kind === kind && item.state === "done");
    if (!done.length) continue;
    const gone = done.filter((item) => item.outcome === "already_gone").length;
    const what = done.length === 1 ? done[0].sandbox_id : `${done.length} sandboxes`;
    for (const line of all(`.toasts [data-asked="${DONE[kind][0]}"]`)) line.remove();
    const trail = { href: here(`/cleanup/${done.length === 1 ? `#action-${done[0].id}` : ""}`), word: "Audit trail" };
    toast(DONE[kind][0], `${what} ${DONE[kind][1]}${gone ? `, ${gone} had ended already` : ""}.`, false, trail);
  }
});
