/* The Sandboxes page: the rows in view are live, the keyboard moves through all of them, the selection has its bar. */
import { announce } from "./announce.js";
import "./columns.js";
import { Cursor } from "./cursor.js";
import { all, find, maybe } from "./dom.js";
import "./facets.js";
import { key } from "./keys.js";
import { remember } from "./listed.js";
import { clearPicks, pick, show, toActions } from "./picks.js";
import "./progress.js";
import { follow, unwatch, watch } from "./rows.js";
import { Scroller } from "./scroll.js";

const table = maybe("[data-rows]");

/** @param {HTMLTableRowElement} row */
function pickAloud(row) {
  pick(row);
  const selected = row.classList.contains("sel") ? "selected" : "not selected";
  announce(`${row.dataset.id} ${selected}, ${find("[data-bulk-count]").textContent}`);
}

if (table) {
  /** @type {Cursor | null} */
  let cursor = null; // rows already go while the list finds its place
  const list = new Scroller(find("[data-scroll]"), table, (came, went) => {
    watch(came);
    unwatch(went);
    show(came);
    cursor?.show(came);
  });
  const at = (cursor = new Cursor(table, list));
  follow(table);
  /* Whichever way one is opened: its page knows who stood beside it. */
  addEventListener("pagehide", () => {
    const rows = all("tr[data-key]", HTMLTableRowElement, table), first = rows[0];
    if (first) remember({ ids: rows.map((row) => row.dataset.id ?? ""), first: list.indexOf(first.dataset.key), total: list.length, list: location.pathname + location.search + location.hash });
  });
  key("j", () => void at.move(1));
  key("k", () => void at.move(-1));
  key("x", () => (at.row ? pickAloud(at.row) : false));
  key("b", toActions);
  key("Enter", () => {
    const href = at.hasFocus && at.row?.dataset.href;
    return href ? location.assign(href) : false;
  });
  key("Escape", () => (clearPicks() ? announce("Selection cleared") : at.leave()));
}
