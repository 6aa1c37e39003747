import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerClock } from "../../static/js/serverclock.js";

function after(...messages) {
  const clock = new ServerClock();
  for (const [server, ours] of messages) clock.learn(server, ours);
  return clock.offset;
}

test("a browser an hour ahead or behind knows by how much from the first message", () => {
  assert.equal(after([1000, 4600]), -3600);
  assert.equal(after([4600, 1000]), 3600);
});

test("the message that took least holds, so that the time does not jump about", () => {
  assert.equal(after([1000, 1000.4], [1005, 1005.1], [1010, 1012]), 1005 - 1005.1);
});

test("one message that was held up changes nothing, the second says that a clock was set", () => {
  assert.equal(after([1000, 1000], [1005, 1035]), 0);
  assert.equal(after([1000, 1000], [1005, 1035], [1040, 1040.2]), 0);
  assert.equal(after([1000, 1000], [1005, 4605], [1010, 4610]), -3600);
});

test("a browser's clock that was set back is followed at once", () => {
  assert.equal(after([1000, 1000], [1005, 945]), 60);
});

test("an old shortest way is forgotten after a dozen messages", () => {
  const slow = Array.from({ length: 12 }, (_, i) => [2000 + i, 2001 + i]);
  assert.equal(after([1000, 1000], ...slow), -1);
});
