/* Where each group of the honeycomb stands: flat-top cells on one lattice, the largest radius that fits. */
const LABEL = 22, LETTER = 6.7, LARGEST = 17, SMALLEST = 2, STEP = 0.25;
const ROW = Math.sqrt(3);

/**
 * @typedef {{ group: CellGroup, x: number, y: number, columns: number, rows: number, byColumn: boolean }} Block
 * @typedef {{ radius: number, blocks: Block[] }} Plan
 * @typedef {{ width: number, blocks: Omit<Block, "x">[] }} Shelf
 */

/**
 * @param {CellGroup[]} groups largest first
 * @param {number} width
 * @param {number} height
 * @returns {Plan}
 */
export function layout(groups, width, height) {
  if (!groups.length || width < 40) return { radius: 0, blocks: [] };
  const arrange = width < 560 ? stacked : inStrips;
  for (let radius = LARGEST; radius > SMALLEST; radius -= STEP) {
    const blocks = arrange(groups, radius, width, height);
    if (blocks) return { radius, blocks };
  }
  return { radius: SMALLEST, blocks: arrange(groups, SMALLEST, width, Infinity) ?? [] };
}

/**
 * @param {Block} block
 * @param {number} radius
 * @param {number} slot
 */
export function centre(block, radius, slot) {
  const byColumn = block.byColumn;
  const column = byColumn ? Math.floor(slot / block.rows) : slot % block.columns;
  const row = byColumn ? slot % block.rows : Math.floor(slot / block.columns);
  return [
    block.x + radius + column * 1.5 * radius,
    block.y + LABEL + (row + 0.5 + (column % 2) / 2) * ROW * radius,
  ];
}

/**
 * Whether a point is on a block's label, or anywhere in the block when `whole`.
 * @param {Block} block
 */
export function inBlock(block, x, y, radius, whole) {
  const right = block.x + Math.max(label(block.group), whole ? wide(block.columns, radius) : 0);
  const foot = block.y + (whole ? high(block.rows, block.columns, radius) : LABEL - 4);
  return x >= block.x && x <= right && y >= block.y && y <= foot;
}

const label = (group) => `${group.name} ${group.count}`.length * LETTER + 14;
const wide = (columns, radius) => (columns - 1) * 1.5 * radius + 2 * radius;
const high = (rows, columns, radius) => LABEL + (rows + (columns > 1 ? 0.5 : 0)) * ROW * radius;

function inStrips(groups, radius, width, height) {
  const rows = Math.floor((height - LABEL) / (ROW * radius) - 0.5);
  if (rows < 1) return null;
  /** @type {Shelf[]} */
  const strips = [];
  const small = [];
  for (const group of groups) {
    const columns = Math.ceil(group.slots.length / rows);
    if (wide(columns, radius) >= label(group)) strips.push({ width: wide(columns, radius), blocks: [{ group, columns, rows, y: 0, byColumn: true }] });
    else small.push(group);
  }
  if (!shelve(small, strips, radius, height)) return null;
  const least = 1.5 * radius;
  const taken = strips.reduce((sum, strip) => sum + strip.width, 0);
  if (taken + least * (strips.length - 1) > width) return null;
  const gap = strips.length > 1 ? Math.min(48, (width - taken) / (strips.length - 1)) : 0;
  let x = 0;
  return strips.flatMap((strip) => {
    const blocks = strip.blocks.map((block) => ({ ...block, x }));
    x += strip.width + gap;
    return blocks;
  });
}

/**
 * Groups narrower than their label share strips, one above the other.
 * @param {CellGroup[]} small
 * @param {Shelf[]} strips
 */
function shelve(small, strips, radius, height) {
  /** @type {Shelf | null} */
  let strip = null;
  let y = 0;
  for (const group of small) {
    const need = Math.max(label(group), strip?.width ?? 0);
    const columns = Math.max(1, Math.floor((need - 2 * radius) / (1.5 * radius)) + 1);
    const rows = Math.ceil(group.slots.length / columns);
    const tall = high(rows, columns, radius);
    if (tall > height) return false;
    if (!strip || y + tall > height) {
      strip = { width: label(group), blocks: [] };
      strips.push(strip);
      y = 0;
    }
    strip.width = Math.max(strip.width, need);
    strip.blocks.push({ group, columns, rows, y, byColumn: false });
    y += tall + 10;
  }
  return true;
}

/* On a phone groups stand below each other, each as wide as the page. */
function stacked(groups, radius, width, height) {
  const columns = Math.floor((width - 2 * radius) / (1.5 * radius)) + 1;
  let y = 0;
  const blocks = groups.map((group) => {
    const rows = Math.ceil(group.slots.length / columns);
    const block = { group, x: 0, y, columns, rows, byColumn: false };
    y += high(rows, columns, radius) + 6;
    return block;
  });
  return y <= height ? blocks : null;
}
