import assert from "node:assert/strict";
import { test } from "node:test";

import { listed, nth } from "../../static/js/listed.js";

const LIST = { ids: ["a", "b", "c"], first: 50, total: 120, list: "/sandboxes/?owner=ada" };

test("a sandbox knows its place in the list and who stands beside it", () => {
  assert.deepEqual(listed("b", LIST), { before: "a", after: "c", number: 52, total: 120, list: LIST.list });
  assert.equal(listed("a", LIST)?.before, "");
  assert.equal(listed("c", LIST)?.after, "");
});

test("one that was in no list has no place", () => {
  assert.equal(listed("x", LIST), null);
  assert.equal(listed("a", null), null);
});

test("nth says numbers as people do", () => {
  assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 112, 1003].map(nth), ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "1,003rd"]);
});
