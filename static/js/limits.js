/* The Limits page: rows unfold, one at a time; figures are read anew every 15 s while nothing is unfolded. */
import { all, around, maybe } from "./dom.js";
import { here } from "./here.js";
import { on, show } from "./live.js";

const EVERY = 15_000;
let last = performance.now();

function close() {
  for (const one of all(".lims .more", HTMLTableRowElement)) one.remove();
  for (const one of all(".lims .is-open", HTMLTableRowElement)) {
    one.classList.remove("is-open");
    maybe(".unfold", HTMLButtonElement, one)?.setAttribute("aria-expanded", "false");
  }
}

/* What belongs to the row comes under it, as wide as the table. */
function open(row, button) {
  close();
  const line = document.createElement("tr"), cell = document.createElement("td");
  line.className = "more";
  cell.id = "unfolded";
  cell.colSpan = 8;
  cell.textContent = "Loading…";
  line.append(cell);
  row.after(line);
  row.classList.add("is-open");
  button.setAttribute("aria-expanded", "true");
  void htmx.ajax("GET", here(row.dataset.row ?? ""), { target: "#unfolded", swap: "innerHTML" });
}

document.body.addEventListener("click", (event) => {
  const button = around(event, ".unfold"), row = button?.closest("tr");
  if (!button || !row) return;
  if (button.getAttribute("aria-expanded") === "true") close();
  else open(row, button);
});
for (const failed of ["htmx:responseError", "htmx:sendError"]) {
  document.body.addEventListener(failed, () => {
    const waits = maybe("#unfolded");
    if (waits) waits.textContent = "It could not be loaded. Reload the page and try again.";
  });
}
on("figures", () => {
  if (performance.now() - last < EVERY || document.querySelector(".lims .more, .lims tr:hover, dialog[open]")) return;
  last = performance.now();
  htmx.trigger(document.body, "live:limits");
});
show({ page: "limits" });
