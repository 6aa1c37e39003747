import assert from "node:assert/strict";
import { test } from "node:test";

import { lateness } from "../../static/js/lateness.js";

const fresh = { now: 1000, at: 995, most: 11, online: true, connected: true };

test("data on time is late for nobody, and so is a fleet that was never polled", () => {
  assert.equal(lateness(fresh), "");
  assert.equal(lateness({ ...fresh, at: null }), "");
});

test("a server that answers and does not poll is stale, one that does not answer unreachable", () => {
  assert.equal(lateness({ ...fresh, at: 980 }), "stale");
  assert.equal(lateness({ ...fresh, at: 980, connected: false }), "unreachable");
});

test("a reconnect within two ticks is nobody's business", () => {
  assert.equal(lateness({ ...fresh, connected: false }), "");
});

test("a browser without a network says so at once", () => {
  assert.equal(lateness({ ...fresh, online: false, connected: false }), "offline");
});

test("a machine without a network still reaches its own server", () => {
  assert.equal(lateness({ ...fresh, online: false }), "");
  assert.equal(lateness({ ...fresh, online: false, at: 980 }), "stale");
});
