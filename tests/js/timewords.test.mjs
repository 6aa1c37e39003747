import assert from "node:assert/strict";
import { test } from "node:test";

import { momentWords, timeWords } from "../../static/js/timewords.js";

const live = { now: 1000, frozenAt: null, staleAt: null };
const frozen = { ...live, frozenAt: 990 };
const stale = { ...live, staleAt: 980 };
const plain = (words) => words.replaceAll("\u00a0", " ");

test("a policy's countdown runs to its end and not past it", () => {
  assert.equal(timeWords("due", 1038, live), "in 38 s");
  assert.equal(timeWords("due", 1000, live), "now");
  assert.equal(timeWords("due", 900, live), "now");
  assert.equal(timeWords("left", 900, live), "0 s");
});

test("a policy's countdown stands still while frozen, and says so", () => {
  assert.equal(plain(timeWords("due", 1028, frozen)), "paused with 38 s to go");
  assert.equal(plain(timeWords("due", 1028, { ...frozen, now: 5000 })), "paused with 38 s to go");
  assert.equal(timeWords("short-due", 1028, { ...frozen, now: 5000 }), "frozen, 38 s");
});

test("a freeze holds policies alone: a sandbox ends when it ends", () => {
  assert.equal(timeWords("end", 1190, frozen), "in 3 min");
});

test("no countdown goes on over late data", () => {
  assert.equal(timeWords("due", 1018, stale), "in 38 s, as of 00:16:20");
  assert.equal(timeWords("due", 1018, { ...stale, now: 5000 }), "in 38 s, as of 00:16:20");
  assert.equal(timeWords("end", 1018, { ...stale, now: 5000 }), "in 38 s");
  assert.equal(timeWords("exact-end", 1080, { ...stale, now: 5000 }), "in 1 min 40 s");
  assert.equal(timeWords("ago", 1018, { ...stale, now: 5000 }), "in 38 s");
});

test("what has been ages on over late data", () => {
  assert.equal(timeWords("ago", 970, { ...stale, now: 1030 }), "1 min ago");
  assert.equal(timeWords("age", 970, stale), "30 s");
  assert.equal(timeWords("since", 900, stale), "1 min 40 s");
});

test("an end to the minute and one to the second agree at every second", () => {
  for (let left = 1; left < 4000; left += 1) {
    const [short, long] = ["end", "exact-end"].map((form) => timeWords(form, 1000 + left, live));
    assert.ok(long === short || long.startsWith(`${short} `), `${short} beside ${long}`);
  }
});

test("an overdue end says that it is late", () => {
  assert.equal(timeWords("end", 400, live), "10 min late");
});

test("a form that does not move has no words", () => {
  assert.equal(timeWords("clock", 1000, live), null);
});

test("the slider says now while live, and else the date and the time", () => {
  assert.equal(momentWords(null, 1795824001, 281), "now, 281 running");
  assert.equal(momentWords(null, 1795824001, null), "now");
  assert.equal(momentWords(1795824001 - 86400, 1795824001, 1278), "Fri 27 Nov 2026, 00:00:01 UTC, 24 h ago, 1,278 running");
  assert.equal(momentWords(1795824001 - 60, 1795824001, null), "Fri 27 Nov 2026, 23:59:01 UTC, 1 min ago, no polls");
});
