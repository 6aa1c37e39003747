import assert from "node:assert/strict";
import { test } from "node:test";

import { address } from "../../static/js/address.js";
import { onceAFrame } from "../../static/js/once.js";

function at(path) {
  const { pathname, search } = new URL(path, "http://x");
  globalThis.location = { pathname, search };
}

test("address changes some parameters and keeps the others", () => {
  at("/?by=owner&colour=mem");
  assert.equal(address({ colour: "cpu" }), "/?by=owner&colour=cpu");
});

test("address drops what is null or empty", () => {
  at("/?by=owner&colour=mem");
  assert.equal(address({ by: null, colour: "" }), "/");
});

test("address keeps the moment last and readable", () => {
  at("/?at=2026-11-28T10:00:00Z&by=owner");
  assert.equal(address({ by: "state" }), "/?by=state&at=2026-11-28T10:00:00Z");
});

test("onceAFrame runs once however often it is called before the frame", () => {
  const frames = [];
  globalThis.requestAnimationFrame = (does) => frames.push(does);
  let runs = 0;
  const soon = onceAFrame(() => (runs += 1));
  soon();
  soon();
  assert.deepEqual([frames.length, runs], [1, 0]);
  frames[0]();
  soon();
  assert.deepEqual([frames.length, runs], [2, 1]);
});
