"""What a tenfold fleet costs: polled by two worker processes, watched by a few browsers.

`make bench-scale`. SIZES (1000,10000,100000) sandboxes of a simulator in its own process, WORKERS (2), a first tick to
warm up and ROUNDS (2) that count, by turns with the bare calls. The simulator and the workers share the machine: where
bare calls alone take longer than a tick, it is what limits. The last line is one JSON object.
"""

import asyncio
import json
import os
import sys
import time
from statistics import median
from typing import Any

from benchmarks.bench_push import sign_in
from benchmarks.ingest.servers import running, uvicorn
from benchmarks.poll.backend import still
from benchmarks.stack.standing import folder, standing

SIZES = [int(size) for size in os.environ.get("SIZES", "1000,10000,100000").split(",")]
WORKERS = int(os.environ.get("WORKERS", "2"))
ROUNDS = int(os.environ.get("ROUNDS", "2"))
TICK_SECONDS = 5.0
BROWSERS = 20
TICKS = 2


def main() -> None:
    """Each size on its own simulator, all on one database."""
    with folder() as home, standing(home, SECRET_KEY="only-of-a-benchmark"):
        cookie = sign_in()
        sizes = [of_size(size, cookie) for size in SIZES]
    least = sizes[0]["cpu_us_per_sandbox"] if len(sizes) < 2 else sizes[1]["cpu_us_per_sandbox"]
    grows = round(sizes[-1]["cpu_us_per_sandbox"] / least, 2)
    print(json.dumps({"workers": WORKERS, "cost_per_sandbox_grows": grows, "sizes": sizes}))


def of_size(size: int, cookie: str) -> dict[str, Any]:
    """The figures of one size; CPU is that of the workers, for each sandbox and tick."""
    from benchmarks.scale import record

    began = time.perf_counter()
    with still(size) as url:
        fleet = record.write(url)
        _say(f"{fleet} running after {time.perf_counter() - began:.0f} s")
        polled = polling(fleet)
    found = {"sandboxes": fleet, **polled, **watching(fleet, cookie)}
    _say(json.dumps(found))
    return found


def polling(fleet: int) -> dict[str, Any]:
    """Ticks of all workers together."""
    from benchmarks.scale.workers import workers

    ticks, bare = [], []
    with workers(WORKERS) as crew:
        for number in range(ROUNDS + 1):
            begun = time.monotonic()
            one_bare, one = crew.do("bare"), crew.do("poll")
            if number:
                ticks.append(one)
                bare.append(one_bare)
            time.sleep(max(0.0, begun + TICK_SECONDS - time.monotonic()))
    cycle_s = median(one.wall_s for one in ticks)
    return {
        "cycle_s": round(cycle_s, 2),
        "bare_fetch_s": round(median(one.wall_s for one in bare), 2),
        "in_one_tick": cycle_s <= TICK_SECONDS,
        "cpu_us_per_sandbox": round(median(one.cpu_s for one in ticks) / fleet * 1e6, 1),
        "worker_rss_mb": max(one.rss_mb for one in ticks),
    }


def watching(fleet: int, cookie: str) -> dict[str, Any]:
    """The web process and what a browser is sent."""
    from benchmarks.poll.cycles import resident_mb
    from benchmarks.push.crowd import crowd
    from benchmarks.push.ticks import Ticks

    ticks = Ticks(fleet)
    with running(uvicorn("config.asgi:application")) as (url, pid), crowd(url, cookie, BROWSERS, fleet) as browsers:
        asyncio.run(ticks.publish(1))
        browsers.tell("begin")
        seen = browsers.end(asyncio.run(ticks.publish(TICKS)))
        return {"web_rss_mb": resident_mb(pid), "bytes_per_browser_tick": round(seen.bytes / BROWSERS / TICKS)}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
