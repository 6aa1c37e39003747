import assert from "node:assert/strict";
import { test } from "node:test";

import { centre, inBlock, layout } from "../../static/js/honeycomb/layout.js";

const group = (name, count) => ({ name, count, slots: Array.from({ length: count }, (_, key) => ({ key })) });
const FLEET = [group("python", 1200), group("node", 300), group("chrome", 40), group("go", 3)];

function centres({ radius, blocks }) {
  return blocks.flatMap((block) => block.group.slots.map((_, slot) => centre(block, radius, slot)));
}

test("layout places every group once", () => {
  assert.deepEqual(layout(FLEET, 1200, 400).blocks.map((block) => block.group.name).sort(), ["chrome", "go", "node", "python"]);
});

test("layout keeps every cell inside the canvas", () => {
  const plan = layout(FLEET, 1200, 400);
  for (const [x, y] of centres(plan)) {
    assert.ok(x >= plan.radius && x <= 1200 - plan.radius + 1e-6, `${x} of 1200`);
    assert.ok(y > 0 && y <= 400, `${y} of 400`);
  }
});

test("layout lets no two cells touch", () => {
  const plan = layout(FLEET, 1200, 400), seen = centres(plan);
  for (let i = 0; i < seen.length; i += 1) {
    for (let j = i + 1; j < seen.length; j += 1) {
      const far = Math.hypot(seen[i][0] - seen[j][0], seen[i][1] - seen[j][1]);
      assert.ok(far > 1.7 * plan.radius, `cells ${i} and ${j} are ${far} px apart`);
    }
  }
});

test("layout draws fewer cells larger", () => {
  assert.ok(layout([group("few", 50)], 1200, 400).radius > layout([group("many", 5000)], 1200, 400).radius);
});

test("layout stacks groups on a phone", () => {
  const { blocks } = layout(FLEET, 360, 4000);
  assert.ok(blocks.every((block) => block.x === 0));
  assert.ok(blocks.every((block, i) => i === 0 || block.y > blocks[i - 1].y));
});

test("layout of nothing is empty", () => {
  assert.deepEqual(layout([], 1200, 400), { radius: 0, blocks: [] });
});

test("inBlock takes the label alone, or all of the block", () => {
  const plan = layout(FLEET, 1200, 400), [block] = plan.blocks;
  assert.ok(inBlock(block, block.x + 2, block.y + 2, plan.radius, false));
  const [x, y] = centre(block, plan.radius, 5);
  assert.ok(!inBlock(block, x, y, plan.radius, false));
  assert.ok(inBlock(block, x, y, plan.radius, true));
});
