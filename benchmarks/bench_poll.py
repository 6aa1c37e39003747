"""A tick of a fleet of ten thousand, beside the bare calls, and beside the official SDK asking one by one.

`make bench-poll`. SANDBOXES (10,000) in a simulator of its own process, ROUNDS (24) ticks of 5 s; bare calls and
polling take turns. All parts are polled by this one process at once, which is the worst case: workers share them, and
the parts of a tick begin one after the other. `cycle_s`, `bare_fetch_s`, `cpu_s` are medians. So many ticks are needed
for `bytes_per_sample`: each table and index begins with pages of its own, and maps of their free space, which among six
ticks are 2 bytes a sample and in a day of frames nothing. The last line is one JSON object.
"""

import json
import os
import sys
import time
from statistics import median
from typing import Any

import uvloop

from benchmarks.poll.backend import still, take_in
from benchmarks.stack.standing import ACCOUNT, folder, standing

SANDBOXES = int(os.environ.get("SANDBOXES", "10000"))
ROUNDS = int(os.environ.get("ROUNDS", "24"))
TICK_SECONDS = 5.0
ONE_BY_ONE = 200


def main() -> None:
    """Backend, record, rounds."""
    with folder() as home, still(SANDBOXES) as url, standing(home, url):
        began = time.perf_counter()
        ids = take_in(url)
        print(f"{len(ids)} running sandboxes taken in in {time.perf_counter() - began:.1f} s", file=sys.stderr)
        print(json.dumps(measure(ids)))


def measure(ids: list[str]) -> dict[str, Any]:
    """The figures of the issue."""
    from benchmarks.poll import cycles, sdk
    from sandboxes.metrics import polling
    from sandboxes.models import Account

    parts = polling.due()
    asked = cycles.ids_of(parts)
    polled, bare = [], []
    for number in range(ROUNDS + 1):
        began = time.monotonic()
        one_bare, one = uvloop.run(cycles.fetch(asked)), uvloop.run(cycles.poll(parts))  # the loop of the task
        if number:  # the first warms both up
            polled.append(one)
            bare.append(one_bare)
        time.sleep(max(0.0, began + TICK_SECONDS - time.monotonic()))
    entries, size = cycles.frames_held()
    if entries != len(ids) * (ROUNDS + 1):
        raise RuntimeError(f"{entries} entries in frames, not {len(ids)} in each of {ROUNDS + 1}")
    each = sdk.seconds_each(Account.objects.get(pk=ACCOUNT), ids[:ONE_BY_ONE])
    cycle_s, bare_s = (median(one.wall_s for one in many) for many in (polled, bare))
    print(
        f"{len(parts)} parts; the SDK takes {1000 * each:.1f} ms a sandbox, {each * len(ids) / cycle_s:.0f} × ours; "
        f"CPU of the bare calls {median(one.cpu_s for one in bare):.2f} s a tick",
        file=sys.stderr,
    )
    return {
        "sandboxes": len(ids),
        "cycle_s": round(cycle_s, 3),
        "bare_fetch_s": round(bare_s, 3),
        "ratio": round(median(one.wall_s / two.wall_s for one, two in zip(polled, bare, strict=True)), 2),
        "cpu_s": round(median(one.cpu_s for one in polled), 3),
        "rss_mb": cycles.resident_mb(),
        "bytes_per_sample": round(size / entries, 1),
        "sdk_one_by_one_s": round(each * len(ids), 1),
    }


if __name__ == "__main__":
    main()
