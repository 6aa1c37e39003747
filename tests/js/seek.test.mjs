import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest, towards } from "../../static/js/honeycomb/seek.js";

const cells = [[10, 10], [30, 10], [50, 10], [30, 30], [34, 60]].map(([x, y], key) => ({ key, x, y }));

test("nearest takes the closest cell within reach", () => {
  assert.equal(nearest(cells, [28, 12], 12)?.key, 1);
  assert.equal(nearest(cells, [28, 12], 2), null);
});

test("an arrow key goes to the next cell of its direction", () => {
  assert.equal(towards(cells, cells[1], [1, 0])?.key, 2);
  assert.equal(towards(cells, cells[1], [-1, 0])?.key, 0);
  assert.equal(towards(cells, cells[1], [0, 1])?.key, 3);
  assert.equal(towards(cells, cells[2], [1, 0]), null);
});
