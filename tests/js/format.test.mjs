import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as format from "../../static/js/format.js";

const cases = JSON.parse(readFileSync(new URL("../format_cases.json", import.meta.url), "utf8"));

for (const [name, table] of Object.entries(cases)) {
  test(`${name} writes what the table says`, () => {
    assert.deepEqual(table.map(([given]) => [given, format[name](...given)]), table);
  });
}

test("clock is the time of day in UTC", () => {
  assert.equal(format.clock(1763648181.9), "14:16:21");
});
