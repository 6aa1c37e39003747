"""How the event record is best kept for 90 days: one table thinned by small deletes, or a partition a day.

`make bench-events-table`; ROWS (1,000,000) rows in each, over 90 days, on a durable PostgreSQL. Figures of the
partitioned layout are also given as ratios to the present one's. The last line is one JSON object.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.events_table.layouts import LAYOUTS, NOW, Layout
from benchmarks.events_table.rows import fill, fresh
from config.embedded import both

ROWS = int(os.environ.get("ROWS", "1000000"))
BATCHES = {64: 100, 500: 30}  # how many batches of each size are timed
READS = 200
DROPPED = 5  # days, oldest first: one alone is over before inserts beside it can be judged
SMALL = 8  # events of such an insert


def main() -> None:
    """Both layouts, one after the other, on servers that start alike."""
    home = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    try:
        with both(home, durable=True) as addresses:
            found = {layout.name: measure(layout, addresses["DATABASE_URL"]) for layout in LAYOUTS}
    finally:
        shutil.rmtree(home, ignore_errors=True)
    one, parts = (found[layout.name] for layout in LAYOUTS)
    ratios = {name: round(parts[name] / one[name], 3) for name in one if one[name]}
    print(json.dumps({"rows": ROWS, **found, "partitioned_to_one": ratios}))


def measure(layout: Layout, url: str) -> dict[str, float]:
    """All figures of one layout: rows/s, seconds, milliseconds, megabytes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(layout.create)
        began = time.perf_counter()
        fill(connection, layout, ROWS)
        connection.execute(layout.index)
        connection.execute(f"VACUUM (ANALYZE) {layout.table}")
        connection.execute("CHECKPOINT")
        print(f"{layout.name}: filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        size = connection.execute(layout.size).fetchone()
        found = {
            "mb": round(size[0] / 2**20, 1) if size else 0.0,
            **{f"insert_{many}_per_s": _inserts(connection, layout, many, n) for many, n in BATCHES.items()},
            "by_time_ms": _reads(connection, layout.by_time),
            "by_sandbox_ms": _reads(connection, layout.by_sandbox),
            **_drop(connection, layout, url),
        }
        connection.execute(layout.remove)
    print(f"{layout.name}: {json.dumps(found)}", file=sys.stderr)
    return found


def _inserts(connection: psycopg.Connection, layout: Layout, size: int, count: int) -> float:
    """Rows a second in transactions of `size`; every tenth event is one that is held already."""
    batches = [json.dumps(fresh(size, held=size // 10)) for _ in range(count)]
    began = time.perf_counter()
    for batch in batches:
        with connection.transaction():
            connection.execute(layout.insert, [batch])
    return round(size * count / (time.perf_counter() - began), 0)


def _reads(connection: psycopg.Connection, query: str) -> float:
    """The middle one of so many reads, each from another place, in milliseconds."""
    took = [_timed(lambda n=n: connection.execute(query, {"n": n, "now": NOW}).fetchall()) for n in range(READS)]
    return round(sorted(took)[READS // 2] * 1000, 3)


def _drop(connection: psycopg.Connection, layout: Layout, url: str) -> dict[str, float]:
    """Seconds that one of the oldest days takes to go, and how long small inserts take before and meanwhile."""
    with psycopg.connect(url, autocommit=True) as beside:
        calm = [_timed(lambda: _small(beside, layout)) for _ in range(READS)]
        meanwhile: list[float] = []
        over = threading.Event()

        def insert_on() -> None:
            while not over.is_set():
                meanwhile.append(_timed(lambda: _small(beside, layout)))

        inserting = threading.Thread(target=insert_on)
        inserting.start()
        seconds = _timed(lambda: [layout.drop_day(connection, day) for day in range(DROPPED)]) / DROPPED
        over.set()
        inserting.join()
    return {
        "drop_a_day_s": round(seconds, 4),
        "small_insert_p99_ms": _p99_ms(calm),
        "small_insert_p99_while_dropping_ms": _p99_ms(meanwhile),
        "inserts_while_dropping": len(meanwhile),
        "vacuum_after_s": round(_timed(lambda: connection.execute(f"VACUUM {layout.table}")), 3),
    }


def _small(connection: psycopg.Connection, layout: Layout) -> None:
    with connection.transaction():
        connection.execute(layout.insert, [json.dumps(fresh(SMALL, held=0))])


def _p99_ms(took: list[float]) -> float:
    return round(sorted(took)[int(len(took) * 0.99)] * 1000, 2)


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
