import assert from "node:assert/strict";
import { test } from "node:test";

import { Moment } from "../../static/js/past/fetching.js";

/* A server that answers when told to: `asked` are the seconds asked for, `answer(i)` lets the i-th have its answer. */
function server(context) {
  const asked = [], waiting = [];
  context.mock.method(globalThis, "fetch", (address, { signal }) => new Promise((resolve, reject) => {
    asked.push(Number(new URL(address, "http://x").searchParams.get("at")));
    waiting.push((fault) => (fault ? reject(fault) : resolve({ ok: true, redirected: false, json: async () => ({ t: asked.at(-1) }) })));
    signal.addEventListener("abort", () => reject(new Error("aborted")));
  }));
  return { asked, answer: async (i, fault = null) => {
    waiting[i](fault);
    await new Promise(setImmediate);
  } };
}

function watched() {
  const shown = [], troubles = [];
  const moment = new Moment("/past/", { onMoment: (told, at) => shown.push(at), onTrouble: (error) => troubles.push(error.message) });
  return { moment, shown, troubles };
}

test("one moment is asked for at a time, then only the newest", async (context) => {
  const { asked, answer } = server(context), { moment, shown } = watched();
  moment.want(1);
  moment.want(2);
  moment.want(3);
  assert.deepEqual(asked, [1]);
  await answer(0);
  assert.deepEqual(asked, [1, 3]);
  await answer(1);
  assert.deepEqual(shown, [1, 3]);
  assert.equal(moment.busy, false);
});

test("an answer that takes too long gives way to a newer wish", async (context) => {
  let now = 0;
  context.mock.method(performance, "now", () => now);
  const { asked } = server(context), { moment, shown, troubles } = watched();
  moment.want(1);
  now = 500;
  moment.want(2);
  await new Promise(setImmediate);
  assert.deepEqual(asked, [1, 2]);
  assert.deepEqual([shown, troubles], [[], []]);
});

test("what is forgotten is not shown", async (context) => {
  const { answer } = server(context), { moment, shown, troubles } = watched();
  moment.want(1);
  moment.forget();
  await answer(0);
  assert.deepEqual([shown, troubles], [[], []]);
});

test("a failed answer is told, and the next wish is asked for", async (context) => {
  const { asked, answer } = server(context), { moment, troubles } = watched();
  moment.want(1);
  moment.want(2);
  await answer(0, new Error("no line"));
  assert.deepEqual(troubles, ["no line"]);
  assert.deepEqual(asked, [1, 2]);
});
