"""The curves: pure, within bounds, and looking like what they are called."""

from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import patterns
from simulator.patterns import Pattern

PATTERNS: tuple[Pattern, ...] = get_args(Pattern)


def _mean(pattern: Pattern, field: str) -> float:
    curves = [patterns.drawn(Random(seed), pattern) for seed in range(20)]
    read = [getattr(patterns.usage(curve, 600.0 + at, at), field) for curve in curves for at in range(0, 3000, 50)]
    return float(sum(read) / len(read))


@given(
    pattern=st.sampled_from(PATTERNS),
    seed=st.integers(),
    age=st.floats(0, 10_000_000),
    at=st.integers(0, 4_000_000_000),
)
def test_a_reading_is_within_bounds_and_always_the_same(pattern: Pattern, seed: int, age: float, at: int) -> None:
    curve = patterns.drawn(Random(seed), pattern)
    usage = patterns.usage(curve, age, at)
    assert 0 <= usage.cpu_pct <= 100
    assert 0 < usage.memory < 1
    assert usage.memory + usage.cache <= 1
    assert 0 < usage.disk < 1
    assert usage == patterns.usage(patterns.drawn(Random(seed), pattern), age, at)


def test_the_busy_work_and_the_idle_do_not() -> None:
    assert _mean("busy", "cpu_pct") > 60
    assert _mean("idle", "cpu_pct") < 3
    assert 20 < _mean("bursty", "cpu_pct") < 50


def test_a_leak_grows_and_fills_the_memory() -> None:
    curve = patterns.drawn(Random(1), "leaking", 3600.0)
    grown = [patterns.usage(curve, float(age), age).memory for age in range(0, 3600, 60)]
    assert grown == sorted(grown)
    assert grown[0] < 0.2
    assert patterns.usage(curve, 3600.0, 3600).memory > 0.99


def test_bursts_come_and_go() -> None:
    curve = patterns.drawn(Random(5), "bursty", 200.0)
    read = [patterns.usage(curve, 600.0 + at, at).cpu_pct for at in range(0, 1000, 5)]
    assert max(read) > 80
    assert min(read) < 6


@pytest.mark.parametrize("name", ["", "no-such-pattern"])
def test_an_unknown_wish_is_a_steady_one(name: str) -> None:
    assert patterns.wished(Random(1), name).pattern == "steady"
    assert patterns.wished(Random(1), "leaking").pattern == "leaking"
