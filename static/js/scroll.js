/* The table as far as it is in view: blocks of rows come and go as one scrolls, the scroll bar keeps the length of all.
   A block that was seen comes back by its keys, row for row, so that nothing moves under the pointer; one that was not
   comes by the cursor of the block before it, or so many rows after the nearest cursor known. */
import { blank, fetched, keyOf, setHeight, spacer } from "./blocks.js";
import { all, find, maybe } from "./dom.js";

const SIZE = 50, AROUND = 1, REST_MS = 70;

export class Scroller {
  /** @type {{ at: number, stop: AbortController } | null} */
  asking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  resting;

  /**
   * @param {HTMLElement} box
   * @param {HTMLElement} table
   * @param {(came: HTMLTableRowElement[], went: HTMLTableRowElement[]) => void} changed told which rows came and which went
   */
  constructor(box, table, changed) {
    this.box = box;
    this.table = table;
    this.changed = changed;
    this.total = Number(find("[data-total]").dataset.total);
    this.blocks = Array.from({ length: Math.max(1, Math.ceil(this.total / SIZE)) }, blank);
    this.above = spacer(table, "prepend");
    this.below = spacer(table, "append");
    const first = all("tr[data-key]", HTMLTableRowElement, table);
    this.height = first[0].getBoundingClientRect().height;
    this.take(0, first, maybe("[data-more]", HTMLElement, table));
    box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.stretch();
    this.restore();
  }

  size = (at) => this.blocks[at].keys?.length ?? Math.min(SIZE, Math.max(0, this.total - at * SIZE));
  start(at) {
    let sum = 0;
    for (let i = 0; i < at; i += 1) sum += this.size(i);
    return sum;
  }
  blockAt(index) {
    let at = 0, left = index;
    while (at < this.blocks.length - 1 && left >= this.size(at)) left -= this.size(at++);
    return [at, Math.max(0, left)];
  }
  get length() { return this.start(this.blocks.length); }
  get top() { return Math.floor(this.box.scrollTop / this.height); }
  get shown() { return this.blocks.flatMap((block, at) => (block.rows ? [at] : [])); }

  /**
   * The rows of an answer become block `at`; what another block has already is not shown twice.
   * @param {number} at
   * @param {HTMLTableRowElement[]} rows
   * @param {HTMLElement | null} more the row that holds the next block's cursor
   */
  take(at, rows, more) {
    const known = new Set(this.shown.flatMap((other) => (other === at ? [] : this.blocks[other].keys ?? [])));
    const mine = rows.filter((row) => !known.has(keyOf(row)));
    Object.assign(this.blocks[at], { rows: mine, keys: mine.map(keyOf) });
    if (more) {
      if (at + 1 === this.blocks.length) this.blocks.push(blank());
      this.blocks[at + 1].cursor ??= more.dataset.more ?? null;
    } else if (rows.length < SIZE && !this.blocks[at].again) {
      this.blocks.length = at + 1; // the list has grown shorter than it was
    }
    this.blocks[at].again = true;
    more?.remove();
  }

  wanted() {
    const [first] = this.blockAt(this.top), [last] = this.blockAt(this.top + Math.ceil(this.box.clientHeight / this.height));
    const from = Math.max(0, first - AROUND), to = Math.min(this.blocks.length - 1, last + AROUND);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  }

  scrolled() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.fill();
      this.remember();
    }, this.shown.includes(this.blockAt(this.top)[0]) ? 0 : REST_MS);
  }

  /* Drops what is out of view and fetches what is missing, nearest first, one at a time. */
  async fill() {
    const wanted = this.wanted();
    this.drop(wanted);
    if (this.asking) {
      if (wanted.includes(this.asking.at)) return;
      this.asking.stop.abort();
    }
    const middle = this.blockAt(this.top)[0];
    const [at] = wanted.filter((one) => !this.blocks[one].rows).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    if (at === undefined) return this.stretch();
    const asking = { at, stop: new AbortController() };
    this.asking = asking;
    try {
      const found = await fetched(this.addressOf(at), asking.stop.signal);
      if (this.asking !== asking || !found) return undefined;
      this.asking = null;
      this.put(at, found.rows, found.more);
      this.box.dispatchEvent(new Event("filled"));
      return this.fill();
    } catch {
      if (this.asking === asking) this.asking = null;
      if (!asking.stop.signal.aborted) setTimeout(() => this.fill(), 3_000);
      return undefined;
    }
  }

  addressOf(at) {
    const base = this.table.dataset.address || "?";
    const and = base === "?" ? base : `${base}&`;
    const { keys } = this.blocks[at];
    if (keys?.length) return `${and}rows=${keys.join(",")}`;
    let near = at;
    while (near > 0 && this.blocks[near].cursor === null) near -= 1;
    const skip = this.start(at) - this.start(near);
    const asked = new URLSearchParams(), { cursor } = this.blocks[near];
    if (near > 0 && cursor !== null) asked.set("cursor", cursor);
    if (skip > 0) asked.set("skip", String(skip));
    return `${and}${asked}`;
  }

  put(at, rows, more) {
    this.take(at, rows, more);
    const after = this.shown.find((other) => other > at);
    const before = (after === undefined ? null : this.blocks[after].rows?.[0]) ?? this.below;
    const shown = this.blocks[at].rows ?? [];
    before.before(...shown);
    this.stretch();
    this.changed(shown, []);
  }

  drop(wanted) {
    for (const at of this.shown.filter((one) => !wanted.includes(one))) {
      const rows = this.blocks[at].rows ?? [];
      for (const row of rows) row.remove();
      this.blocks[at].rows = null;
      this.changed([], rows);
    }
    this.stretch();
  }

  stretch() {
    const columns = all("thead th", HTMLElement, this.table.closest("table") ?? document).filter((th) => th.getClientRects().length);
    for (const row of [this.above, this.below]) row.cells[0].colSpan = columns.length; // more would make columns anew
    const shown = this.shown;
    const above = shown.length ? this.start(shown[0]) : this.top;
    const inside = shown.reduce((sum, at) => sum + this.size(at), 0);
    setHeight(this.above, above * this.height);
    setHeight(this.below, Math.max(0, this.length - above - inside) * this.height);
  }

  /* The row at this place of the whole list, brought into view; loads it when it is not there yet. */
  async row(index) {
    const place = Math.max(0, Math.min(this.length - 1, index));
    const [at, within] = this.blockAt(place);
    if (!this.blocks[at].rows) {
      this.box.scrollTop = place * this.height - this.box.clientHeight / 2;
      this.fill();
      await new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
        const wait = () => (this.blocks[at]?.rows ? resolve() : this.box.addEventListener("filled", wait, { once: true }));
        wait();
      });
    }
    const rows = this.blocks[at].rows ?? [];
    return rows[Math.min(within, rows.length - 1)];
  }

  indexOf(key) {
    const at = this.blocks.findIndex((block) => block.keys?.includes(key));
    return at < 0 ? -1 : this.start(at) + (this.blocks[at].keys ?? []).indexOf(key);
  }

  /* The address says where one is, so that Back and a shared link lead there again. */
  remember() {
    const place = this.top > 0 ? `#at=${this.top}` : "";
    if (location.hash !== place) history.replaceState(history.state, "", location.pathname + location.search + place);
  }
  restore() {
    const place = Number(/^#at=(\d{1,9})$/.exec(location.hash)?.[1] ?? 0);
    if (place) this.box.scrollTop = place * this.height;
    this.fill();
  }
}
