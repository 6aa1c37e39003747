import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { pieces, spelled } from "../../static/js/names.js";

const cases = JSON.parse(readFileSync(new URL("../name_cases.json", import.meta.url), "utf8"));

test("spelled writes what the table says", () => {
  assert.deepEqual(cases.spelled.map(([given]) => [given, spelled(given)]), cases.spelled);
});

test("pieces keep every letter that is not spelled out", () => {
  assert.deepEqual(pieces(" a\u202eb"), [["", "space"], ["a", ""], ["", "RLO"], ["b", ""]]);
  assert.deepEqual(pieces("  "), [["", "space"], ["", "space"]]);
});
