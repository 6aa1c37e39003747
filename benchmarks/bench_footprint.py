"""What Sandwarden itself takes while it watches a fleet and nobody looks.

`make bench-footprint`. The stack runs as `make run` starts it and watches SANDBOXES (500) of a simulator, whose own
process is not counted; births and deaths go on. After a minute of settling, PSS and processor time are read by process
for a minute; then it is stopped and started again on the same data, until a page is served. The last line is one JSON
object: `pss_mb` is the sum over all processes, `idle_cpu_pct` of one core, `start_s` the second start.
"""

import json
import os
import signal
import sys
import time
from collections import defaultdict

from benchmarks.footprint import processes
from benchmarks.footprint.served import served
from benchmarks.reap.stack import backend
from benchmarks.stack.standing import folder
from benchmarks.stack.supervised import free_port, supervised

SANDBOXES = int(os.environ.get("SANDBOXES", "500"))
SETTLE_SECONDS = float(os.environ.get("SETTLE_SECONDS", "60"))
WATCH_SECONDS = 60.0


def main() -> None:
    """Stack and backend, a minute of watching, a second start."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    port = free_port()
    with folder() as home, backend(SANDBOXES, port, home / "requests") as url:
        with supervised(home / "stack", port, url) as process:
            first = served(port)
            time.sleep(SETTLE_SECONDS)
            found = watch(process.pid)
        with supervised(home / "stack", port, url):
            second = served(port)
    print(f"first start {first:.1f} s", file=sys.stderr)
    print(json.dumps({"sandboxes": SANDBOXES, **found, "start_s": round(second, 2)}))


def watch(pid: int) -> dict[str, object]:
    """PSS at the end, processor time over WATCH_SECONDS, by process."""
    before = {one: processes.cpu_seconds(one) for one in processes.below(pid)}
    time.sleep(WATCH_SECONDS)
    pids = processes.below(pid)
    memory, used = defaultdict[str, float](float), defaultdict[str, float](float)
    for one, role in processes.roles(pids):
        memory[role] += processes.pss_mb(one)
        used[role] += processes.cpu_seconds(one) - before.get(one, 0.0)
    by_process = {
        role: {"pss_mb": round(mb, 1), "cpu_pct": round(used[role] / WATCH_SECONDS * 100, 1)}
        for role, mb in sorted(memory.items(), key=lambda item: -item[1])
    }
    return {
        "pss_mb": round(sum(memory.values()), 1),
        "idle_cpu_pct": round(sum(used.values()) / WATCH_SECONDS * 100, 1),
        "by_process": by_process,
    }


if __name__ == "__main__":
    main()
