import assert from "node:assert/strict";
import { test } from "node:test";

import { Cells } from "../../static/js/honeycomb/cells.js";
import { addressOf, tally } from "../../static/js/honeycomb/groups.js";
import { Moments } from "../../static/js/honeycomb/moments.js";

/* A roster of `[key, template, owner]` with `words` as the server makes them. */
function roster(lines, rest = { full: true }) {
  const words = [...new Set(lines.flatMap(([, template, owner]) => [template, owner, ""]))];
  const number = (word) => words.indexOf(word);
  const column = (of) => lines.map(of);
  return {
    ...rest,
    key: column(([key]) => key),
    id: column(([key]) => `i${key}`),
    template: column(([, template]) => number(template)),
    owner: column(([, , owner]) => number(owner)),
    environment: column(() => number("")),
    state: column(() => "r"),
    orphan: column(() => "n"),
    created: column(([key]) => 1000 + key),
    burn: column(() => 0.1),
    cpus: column(() => 2),
    memory: column(() => 512),
    words,
  };
}

const shares = (...percents) => btoa(String.fromCharCode(...percents));
const slots = (cells, name) => cells.groups.get(name).slots.map((cell) => cell?.key ?? null);

test("cells read words and values in the order of the roster", () => {
  const cells = new Cells();
  cells.take({ roster: roster([[1, "python", "ada"], [2, "node", "bob"]]), values: { cpu: shares(7, 255), mem: shares(50, 255) } });
  const [one, two] = cells.byKey.values();
  assert.deepEqual([one.template, one.owner, one.cpu, one.mem], ["python", "ada", 7, 50]);
  assert.deepEqual([two.template, two.owner, two.cpu, two.mem], ["node", "bob", null, null]);
});

test("a cell keeps its place when others leave, and the next takes the hole", () => {
  const cells = new Cells();
  cells.take({ roster: roster([[1, "python", ""], [2, "python", ""], [3, "python", ""]]) });
  cells.take({ roster: { ...roster([], { full: false, gone: [2] }) } });
  assert.deepEqual(slots(cells, "python"), [1, null, 3]);
  cells.take({ roster: roster([[4, "python", ""]], { full: false, gone: [] }) });
  assert.deepEqual(slots(cells, "python"), [1, 4, 3]);
});

test("a group with too many holes closes up", () => {
  const cells = new Cells();
  cells.take({ roster: roster([[1, "python", ""], [2, "python", ""], [3, "python", ""]]) });
  const before = cells.shape;
  cells.take({ roster: roster([], { full: false, gone: [1, 2] }) });
  assert.deepEqual(slots(cells, "python"), [3]);
  assert.ok(cells.shape > before);
});

test("the smallest of many groups share one", () => {
  const cells = new Cells();
  const lines = Array.from({ length: 15 }, (_, i) => [[2 * i, `t${i}`, ""], ...(i < 11 ? [[2 * i + 1, `t${i}`, ""]] : [])]).flat();
  cells.take({ roster: roster(lines) });
  assert.equal(cells.groups.size, 12);
  assert.equal(cells.groups.get("all others").count, 4);
  assert.equal(cells.groups.inOrder().at(-1).name, "all others");
});

test("regrouping puts every cell into a group of its owner", () => {
  const cells = new Cells();
  cells.take({ roster: roster([[1, "python", "ada"], [2, "node", "ada"], [3, "node", ""]]) });
  cells.groupBy("owner");
  assert.deepEqual(slots(cells, "ada"), [1, 2]);
  assert.deepEqual(slots(cells, "no owner"), [3]);
});

test("moments of the past leave who stays in its place", () => {
  const live = new Cells();
  live.take({ roster: roster([[1, "python", ""], [2, "python", ""], [3, "python", ""]]) });
  const past = new Moments(live);
  past.take({ roster: roster([[3, "python", ""], [1, "python", ""]]), values: { cpu: shares(30, 10), mem: shares(3, 1) } });
  assert.deepEqual(slots(past, "python").slice(0, 3), [1, null, 3]);
  assert.equal(past.byKey.get(3).cpu, 30);
});

test("a group's address filters the table, and there is none for what no filter names", () => {
  assert.equal(addressOf("template", { name: "a,b" }), "/sandboxes/?template=a%5C%2Cb");
  assert.equal(addressOf("state", { name: "orphan" }), "/sandboxes/?orphan=true");
  assert.equal(addressOf("owner", { name: "no owner" }), null);
  assert.equal(addressOf("owner", { name: "all others" }), null);
});

test("tally counts the most numerous first, equals by name", () => {
  assert.deepEqual(tally(["b", "a", "c", "c"], (one) => one), [["c", 2], ["a", 1], ["b", 1]]);
});
