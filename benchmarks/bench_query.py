"""How long the past takes to read: a fleet of ten thousand with a week of history, beside a row for each sample.

`make bench-query`. SANDBOXES (10,000) run, with a week of series for SERIES of them (all), of which five hundred hours
differ. The row-per-sample table holds ROWS_HOURS (6) of all. It takes 20 GB of disk, about eight minutes on two idle
cores, and cleans up. Each question is asked twice. Cold is the first time, of any of ten thousand sandboxes, after a
restart of PostgreSQL with its files dropped from the system's cache; warm is the second time. The last line is one JSON
object: p95 in ms, warm, and bytes.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.stack.standing import disconnect, folder, standing
from runner.embedded import both

SANDBOXES = int(os.environ.get("SANDBOXES", "10000"))
SERIES = int(os.environ.get("SERIES", str(SANDBOXES)))
ROWS_SPAN = timedelta(hours=float(os.environ.get("ROWS_HOURS", "6")))
ENDED = 100_000  # sandboxes of the week that are gone, on record
TIMES, SPANS, LONG = 100, 20, 1  # how often each is asked; LONG: what takes the row table half a minute


def main() -> None:
    """Fills, restarts, asks."""
    with folder() as home:
        with standing(home):
            from benchmarks.query.history import fixed_now

            now = fixed_now()
            sizes = fill(now)
            _say(f"on disk: {_megabytes(home)} MB")
        _forget_files(home)
        with both(home, durable=True):
            cold, warm = ask(now, TIMES)
            _say(f"cold, p95 in ms: {cold}")
            _say(f"warm, p95 in ms: {warm}")
            compare(now, warm)
            disconnect()
    print(json.dumps({f"{name}_ms": took for name, took in warm.items()} | sizes))


def fill(now: datetime) -> dict[str, float]:
    """Both layouts side by side, each on a core; bytes a sample."""
    from benchmarks.query import history, plain_rows
    from benchmarks.stack import fleet

    began = time.perf_counter()
    with ThreadPoolExecutor(1) as beside:
        rows = beside.submit(plain_rows.fill, os.environ["DATABASE_URL"], now, ROWS_SPAN, SANDBOXES)
        fleet.write(now, SANDBOXES, ENDED)
        history.make_parts(now)
        history.write_series(now, SERIES)
        history.write_frames(now, SANDBOXES)
        history.write_fleet(now)
        history.settle()
        _say(f"our tables were filled in {time.perf_counter() - began:.0f} s")
        ours, theirs = history.bytes_per_sample(SANDBOXES, SERIES), rows.result()
    _say(f"all were filled in {time.perf_counter() - began:.0f} s")
    return {
        "bytes_per_sample": round(ours, 1),
        "rows_bytes_per_sample": round(theirs, 1),
        "size_ratio": round(theirs / ours, 1),
    }


def ask(now: datetime, times: int) -> tuple[dict[str, float], dict[str, float]]:
    """p95 of each question, in milliseconds: asked for the first time, and at once again. By turns, so that what else
    the machine does falls on all."""
    from benchmarks.query.questions import questions

    asked = questions(now, SERIES)
    took: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in asked}
    for turn in range(times):
        for name, question in asked.items():
            for which in took[name]:
                which.append(_timed(lambda question=question, turn=turn: question(Random(turn))))
    return {name: _p95_ms(cold) for name, (cold, _) in took.items()}, {
        name: _p95_ms(warm) for name, (_, warm) in took.items()
    }


def compare(now: datetime, warm: dict[str, float]) -> None:
    """The same from the row table, as far as its hours go."""
    from django.db import connection

    from benchmarks.query.plain_rows import QUESTIONS
    from benchmarks.query.questions import on_its_span

    chance = Random(2)
    spans = {
        name: [_timed(lambda q=q: q(chance)) for _ in range(SPANS)] for name, q in on_its_span(now, SERIES).items()
    }
    ours = warm | {name: _p95_ms(took) for name, took in spans.items()}
    with connection.cursor() as cursor:
        for name, sql in QUESTIONS.items():
            times = LONG if name in {"fleet_6_hours", "by_owner_6_hours"} else SPANS
            took = [_timed(lambda sql=sql: _fetch(cursor, sql, now, chance)) for _ in range(times)]
            theirs = _p95_ms(took)
            _say(f"{name}: {ours[name]} ms here, {theirs} ms from a row a sample ({theirs / ours[name]:.1f} ×)")


def _fetch(cursor: Any, sql: str, now: datetime, chance: Random) -> None:
    tick = now - timedelta(seconds=5 * chance.randint(1, int(ROWS_SPAN.total_seconds()) // 5))
    cursor.execute(sql, {"key": chance.randint(1, SANDBOXES), "end": now, "tick": tick})
    cursor.fetchall()


def _timed(act: Any) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _p95_ms(took: list[float]) -> float:
    return round(sorted(took)[int(len(took) * 0.95)] * 1000, 1)


def _forget_files(home: Path) -> None:
    for path in (home / "postgres").rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _megabytes(home: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in home.rglob("*") if path.is_file()) >> 20


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
