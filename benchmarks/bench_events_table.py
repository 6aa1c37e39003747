"""How the event record is best kept for 90 days: one table thinned by small deletes, or a partition a day.

`make bench-events-table`; ROWS (1,000,000) rows in each, over 90 days, on a durable PostgreSQL. Both layouts take each
step by turns, so that whatever else the machine does falls on both. The last line is one JSON object with the figures
of both, and those of the partitioned one as ratios to the present one's.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.events_table.layouts import LAYOUTS, NOW, Layout
from benchmarks.events_table.rows import fill, fresh
from runner.embedded import both

ROWS = int(os.environ.get("ROWS", "1000000"))
BATCHES = {64: 300, 500: 60}  # how many transactions of each size are timed
READS = 200
DROPPED = 5  # days, oldest first: one alone is over before inserts beside it can be judged
SMALL = 8  # events of such an insert

Connection = psycopg.Connection[Any]


def main() -> None:
    """Fills both, then measures."""
    home = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    try:
        with both(home, durable=True) as addresses, psycopg.connect(addresses["DATABASE_URL"], autocommit=True) as one:
            found = measure(one, addresses["DATABASE_URL"])
    finally:
        shutil.rmtree(home, ignore_errors=True)
    present, parts = (found[layout.name] for layout in LAYOUTS)
    ratios = {name: round(parts[name] / present[name], 3) for name in present if present[name]}
    print(json.dumps({"rows": ROWS, **found, "partitioned_to_one": ratios}))


def measure(connection: Connection, url: str) -> dict[str, dict[str, float]]:
    """By layout: megabytes, rows/s, milliseconds, seconds."""
    found: dict[str, dict[str, float]] = {layout.name: {"mb": _build(connection, layout)} for layout in LAYOUTS}
    connection.execute("CHECKPOINT")
    for size, times in BATCHES.items():
        for name, took in _by_turns(times, partial(_insert_step, connection, size)).items():
            found[name][f"insert_{size}_per_s"] = round(size * times / sum(took))
    for word in ("by_time", "by_sandbox"):
        for name, took in _by_turns(READS, partial(_read, connection, word)).items():
            found[name][f"{word}_ms"] = round(sorted(took)[READS // 2] * 1000, 3)
    for name, took in _by_turns(READS, lambda layout, _: _insert(connection, layout, SMALL)).items():
        found[name]["small_insert_p99_ms"] = _p99_ms(took)
    meanwhile: dict[str, list[float]] = {layout.name: [] for layout in LAYOUTS}
    for name, took in _by_turns(
        DROPPED, lambda layout, day: _drop(connection, url, layout, day, meanwhile[layout.name])
    ).items():
        found[name]["drop_a_day_s"] = round(sum(took) / DROPPED, 4)
        found[name]["small_insert_p99_while_dropping_ms"] = _p99_ms(meanwhile[name])
    for layout in LAYOUTS:
        found[layout.name]["vacuum_after_s"] = round(_timed(partial(connection.execute, f"VACUUM {layout.table}")), 3)
    return found


def _build(connection: Connection, layout: Layout) -> float:
    """Makes and fills the layout's tables; their megabytes with all indexes."""
    began = time.perf_counter()
    connection.execute(layout.create)
    fill(connection, layout, ROWS)
    connection.execute(layout.index)
    connection.execute(f"VACUUM (ANALYZE) {layout.table}")
    print(f"{layout.name}: filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    size = connection.execute(layout.size).fetchone()
    assert size is not None
    return round(float(size[0]) / 2**20, 1)


def _by_turns(times: int, step: Callable[[Layout, int], float]) -> dict[str, list[float]]:
    """The seconds of each step of each layout, one after the other; who goes first changes."""
    took: dict[str, list[float]] = {layout.name: [] for layout in LAYOUTS}
    for n in range(times):
        for layout in LAYOUTS[:: 1 if n % 2 else -1]:
            took[layout.name].append(step(layout, n))
    return took


def _insert(connection: Connection, layout: Layout, size: int) -> float:
    """One transaction; of each ten events one is held already."""
    batch = json.dumps(fresh(size, held=size // 10))
    return _timed(lambda: connection.execute(layout.insert, [batch]))


def _insert_step(connection: Connection, size: int, layout: Layout, _: int) -> float:
    return _insert(connection, layout, size)


def _read(connection: Connection, word: str, layout: Layout, n: int) -> float:
    return _timed(lambda: connection.execute(getattr(layout, word), {"n": n, "now": NOW}).fetchall())


def _drop(connection: Connection, url: str, layout: Layout, day: int, meanwhile: list[float]) -> float:
    """Drops a day while another connection inserts; what those took goes into `meanwhile`."""
    over = threading.Event()

    def insert_on() -> None:
        with psycopg.connect(url, autocommit=True) as beside:
            while not over.is_set():
                meanwhile.append(_insert(beside, layout, SMALL))

    inserting = threading.Thread(target=insert_on)
    inserting.start()
    try:
        return _timed(lambda: layout.drop_day(connection, day))
    finally:
        over.set()
        inserting.join()


def _p99_ms(took: list[float]) -> float:
    return round(sorted(took)[int(len(took) * 0.99)] * 1000, 2)


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
