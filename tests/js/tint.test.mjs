import assert from "node:assert/strict";
import { test } from "node:test";

import { isTinted, laidOver } from "../../static/js/honeycomb/tint.js";

const counts = (orphan, rest) => ({ orphan, plain: rest - 20, paused: 10, stale: 10 });

test("rings stay until more than 15% are orphans", () => {
  assert.equal(isTinted(counts(0, 100)), false);
  assert.equal(isTinted(counts(15, 85)), false);
  assert.equal(isTinted(counts(16, 84)), true);
  assert.equal(isTinted({ orphan: 0, plain: 0, paused: 0, stale: 0 }), false);
});

test("a colour laid over another lies between them", () => {
  assert.equal(laidOver("#000000", "#ff8000", 0), "#000000");
  assert.equal(laidOver("#000000", "#ff8000", 1), "#ff8000");
  assert.equal(laidOver("#0e0f12", "#ed82c8", 0.5), "#7e496d");
});
