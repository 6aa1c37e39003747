"""Server and browser write the same figures: one table of cases for both, and random values compared."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dashboard.ui import formats

TESTS = Path(__file__).resolve().parents[2]
CASES = json.loads((TESTS / "format_cases.json").read_text())
NODE = Path(sys.executable).parent / "node"
GIB, MIB, COUNT = 1024**3, 1024**2, 50


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def certain(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


FORMATS: dict[str, Callable[..., str]] = {
    "whole": formats.whole,
    "percent": formats.percent,
    "span": formats.span,
    "exactSpan": formats.exact_span,
    "relative": lambda at, now: formats.relative(moment(at), datetime.fromtimestamp(now, UTC)),
    "exact": lambda at: formats.exact(moment(at)),
    "size": formats.size,
    "sizeOf": formats.size_of,
    "roundSize": formats.round_size,
    "usd": formats.usd,
    "end": lambda at, now: formats.end(moment(at), certain(now)),
    "exactEnd": lambda at, now: formats.exact_end(moment(at), certain(now)),
    "due": lambda at, now, frozen=None: formats.due(certain(at), certain(now), moment(frozen)),
    "shortDue": lambda at, now, frozen=None: formats.short_due(certain(at), certain(now), moment(frozen)),
    "duration": formats.duration,
}


def test_table_has_every_format():
    assert set(CASES) == set(FORMATS)


@pytest.mark.parametrize("name", CASES)
def test_format_writes_what_the_table_says(name):
    assert [[given, FORMATS[name](*given)] for given, _ in CASES[name]] == CASES[name]


def number(source: random.Random, most: float) -> float:
    """Any float; or one with few bits behind the point, among which are those halfway between two roundings."""
    return source.uniform(-most / 8, most) if source.random() < 0.5 else round(source.uniform(0, most) * 16) / 16


def quarter(source: random.Random, most: float) -> float:
    """Exact as a float and in microseconds, as a datetime holds it."""
    return round(source.uniform(0, most) * 4) / 4


GIVEN: dict[str, Callable[[random.Random], list[Any]]] = {
    "whole": lambda source: [number(source, 10 ** source.randint(0, 9))],
    "percent": lambda source: [number(source, 120), source.randint(0, 3)],
    "span": lambda source: [number(source, 10 ** source.randint(1, 7))],
    "exactSpan": lambda source: [number(source, 10 ** source.randint(1, 5))],
    "relative": lambda source: [1.7e9 + quarter(source, 4e5), 1.7e9 + quarter(source, 4e5)],
    "exact": lambda source: [quarter(source, 4e9)],
    "size": lambda source: [number(source, 64) * source.choice([MIB, GIB])],
    "sizeOf": lambda source: [
        number(source, 64) * source.choice([MIB, GIB]),
        source.choice([None, 512 * MIB, 8 * GIB]),
    ],
    "roundSize": lambda source: [number(source, 64) * source.choice([MIB, GIB])],
    "usd": lambda source: [number(source, 10 ** source.randint(-2, 7))],
    "end": lambda source: [1.7e9 + quarter(source, 4e5), 1.7e9 + quarter(source, 4e5)],
    "exactEnd": lambda source: [1.7e9 + quarter(source, 4e4), 1.7e9 + quarter(source, 4e4)],
    "due": lambda source: [1.7e9 + quarter(source, 4e3), 1.7e9 + quarter(source, 4e3)],
    "shortDue": lambda source: [1.7e9 + quarter(source, 4e3), 1.7e9, source.choice([None, 1.7e9, 1.7e9 + 100.25])],
    "duration": lambda source: [number(source, 10 ** source.randint(1, 7))],
}


def test_random_values_read_the_same_in_the_browser():
    source = random.Random(20261128)
    calls = [(name, given(source)) for name, given in GIVEN.items() for _ in range(COUNT)]
    script = "\n".join(
        [
            f'import * as format from "{(TESTS.parent / "static/js/format.js").as_uri()}";',
            'import { readFileSync } from "node:fs";',
            'const calls = JSON.parse(readFileSync(0, "utf8"));',
            "console.log(JSON.stringify(calls.map(([name, given]) => format[name](...given))));",
        ]
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", script],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ours = [FORMATS[name](*given) for name, given in calls]
    differing = [
        (*call, mine, theirs)
        for call, mine, theirs in zip(calls, ours, json.loads(done.stdout), strict=True)
        if mine != theirs
    ]
    assert differing == []
