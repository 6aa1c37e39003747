/* The table as far as it is in view: blocks of rows come and go as one scrolls, the scroll bar keeps the length of all.
   A block that was seen comes back by its keys, row for row, so that nothing moves under the pointer; one that was not
   comes by the cursor of the block before it, or so many rows after the nearest cursor known. */
const SIZE = 50, AROUND = 1, REST_MS = 70;

export class Scroller {
  constructor(box, table, changed) {
    this.box = box;
    this.table = table;
    this.changed = changed; // told which rows came and which went
    this.total = Number(document.querySelector("[data-total]").dataset.total);
    this.blocks = Array.from({ length: Math.max(1, Math.ceil(this.total / SIZE)) }, () => ({ cursor: null, keys: null, rows: null }));
    this.above = spacer(table, "prepend");
    this.below = spacer(table, "append");
    const first = [...table.querySelectorAll("tr[data-key]")];
    this.height = first[0].getBoundingClientRect().height;
    this.take(0, first, table.querySelector("[data-more]"));
    this.asking = null;
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

  /* The rows of an answer become block `at`; what another block has already is not shown twice. */
  take(at, rows, more) {
    const known = new Set(this.shown.flatMap((other) => (other === at ? [] : this.blocks[other].keys)));
    const mine = rows.filter((row) => !known.has(row.dataset.key));
    Object.assign(this.blocks[at], { rows: mine, keys: mine.map((row) => row.dataset.key) });
    if (more) {
      if (at + 1 === this.blocks.length) this.blocks.push({ cursor: null, keys: null, rows: null });
      this.blocks[at + 1].cursor ??= more.dataset.more;
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
      const { rows, more } = await fetched(this.addressOf(at), asking.stop.signal);
      if (this.asking !== asking) return undefined;
      this.asking = null;
      this.put(at, rows, more);
      this.box.dispatchEvent(new Event("filled"));
      return this.fill();
    } catch (error) {
      if (this.asking === asking) this.asking = null;
      if (error.name !== "AbortError") setTimeout(() => this.fill(), 3_000);
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
    return `${and}${new URLSearchParams({ ...(near > 0 && { cursor: this.blocks[near].cursor }), ...(skip > 0 && { skip }) })}`;
  }

  put(at, rows, more) {
    this.take(at, rows, more);
    const after = this.shown.find((other) => other > at);
    const before = after === undefined ? this.below : this.blocks[after].rows[0] ?? this.below;
    before.before(...this.blocks[at].rows);
    this.stretch();
    this.changed(this.blocks[at].rows, []);
  }

  drop(wanted) {
    for (const at of this.shown.filter((one) => !wanted.includes(one))) {
      const { rows } = this.blocks[at];
      for (const row of rows) row.remove();
      this.blocks[at].rows = null;
      this.changed([], rows);
    }
    this.stretch();
  }

  stretch() {
    const columns = [...this.table.closest("table").querySelectorAll("thead th")].filter((th) => th.getClientRects().length);
    for (const row of [this.above, this.below]) row.firstElementChild.colSpan = columns.length; // more would make columns anew
    const shown = this.shown;
    const above = shown.length ? this.start(shown[0]) : this.top;
    const inside = shown.reduce((sum, at) => sum + this.size(at), 0);
    set(this.above, above * this.height);
    set(this.below, Math.max(0, this.length - above - inside) * this.height);
  }

  /* The row at this place of the whole list, brought into view; loads it when it is not there yet. */
  async row(index) {
    const place = Math.max(0, Math.min(this.length - 1, index));
    const [at, within] = this.blockAt(place);
    if (!this.blocks[at].rows) {
      this.box.scrollTop = place * this.height - this.box.clientHeight / 2;
      this.fill();
      await new Promise((resolve) => {
        const wait = () => (this.blocks[at]?.rows ? resolve() : this.box.addEventListener("filled", wait, { once: true }));
        wait();
      });
    }
    return this.blocks[at].rows[Math.min(within, this.blocks[at].rows.length - 1)];
  }

  indexOf(key) {
    const at = this.blocks.findIndex((block) => block.keys?.includes(key));
    return at < 0 ? -1 : this.start(at) + this.blocks[at].keys.indexOf(key);
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

function spacer(table, where) {
  const row = document.createElement("tr"), cell = document.createElement("td");
  row.className = "spacer";
  row.setAttribute("aria-hidden", "true");
  row.append(cell);
  table[where](row);
  return row;
}

function set(row, pixels) {
  row.hidden = pixels < 1;
  row.firstElementChild.style.height = `${pixels}px`;
}

async function fetched(address, signal) {
  const answer = await fetch(address, { signal, headers: { "HX-Request": "true" } });
  if (answer.redirected) return void location.assign(location.href); // signed out meanwhile
  if (!answer.ok) throw new Error(`${answer.status}`);
  const held = document.createElement("template");
  // eslint-disable-next-line no-restricted-syntax -- our own fragment, escaped where it was made
  held.innerHTML = `<table><tbody>${await answer.text()}</tbody></table>`;
  return { rows: [...held.content.querySelectorAll("tr[data-key]")], more: held.content.querySelector("[data-more]") };
}
