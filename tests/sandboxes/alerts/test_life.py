"""The life of an alert: a model of it beside the real one, and what neither fires nor resolves."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.alerts.rules import Level, step
from sandboxes.alerts.rules.life import LONGEST_STEP_SECONDS
from tests.support.records import NOW

LEVELS = st.sampled_from(list(Level))
ROUND = timedelta(seconds=10)


def lived(levels: list[Level], for_seconds: float, every: timedelta = ROUND) -> list[bool]:
    """Whether it fires after each judgement."""
    watch, at, found = None, NOW, []
    for level in levels:
        watch = step(watch, level, at, for_seconds)
        found.append(watch is not None and watch.firing)
        at += every
    return found


def modelled(levels: list[Level], for_seconds: float) -> list[bool]:
    """The same by looking back at each judgement: rounds in a row, of which unknown ones neither count nor break."""
    firing, found = False, []
    for end in range(1, len(levels) + 1):
        over = _in_a_row(levels[:end], Level.OVER, breaks={Level.CLEAR} | (set() if firing else {Level.BETWEEN}))
        clear = _in_a_row(levels[:end], Level.CLEAR, breaks={Level.OVER, Level.BETWEEN})
        if not firing:
            firing = levels[end - 1] is Level.OVER and over is not None and over >= for_seconds
        else:
            firing = not (levels[end - 1] is Level.CLEAR and clear is not None and clear >= min(for_seconds, 60))
        found.append(firing)
    return found


def _in_a_row(levels: list[Level], wanted: Level, breaks: set[Level]) -> float | None:
    """Seconds between judgements that both knew it, since the row of `wanted` began; None without one."""
    begin = len(levels)
    while begin and levels[begin - 1] not in breaks:
        begin -= 1
    row = levels[begin:]
    first = next((n for n, level in enumerate(row) if level is wanted), None)
    if first is None:
        return None
    row = row[first:]
    return sum(10.0 for one, other in pairwise(row) if Level.UNKNOWN not in (one, other))


@given(st.lists(LEVELS, max_size=60), st.sampled_from([0, 10, 30, 60, 120]))
def test_it_lives_as_the_model_says(levels: list[Level], for_seconds: float) -> None:
    assert lived(levels, for_seconds) == modelled(levels, for_seconds)


def test_it_fires_after_its_time_and_is_over_after_a_minute_at_most() -> None:
    over, clear = [Level.OVER] * 13, [Level.CLEAR] * 7
    assert lived([*over, *clear], 120) == [False] * 12 + [True] * 7 + [False]


def test_without_a_time_it_fires_and_resolves_at_once() -> None:
    assert lived([Level.OVER, Level.CLEAR, Level.OVER], 0) == [True, False, True]


def test_figure_between_the_limits_neither_fires_nor_resolves() -> None:
    assert lived([Level.BETWEEN] * 20, 0) == [False] * 20
    assert lived([Level.OVER, *[Level.BETWEEN] * 20], 0) == [True] * 21


@pytest.mark.parametrize("gap", [1, 100])
def test_gap_neither_fires_nor_resolves(gap: int) -> None:
    unknown = [Level.UNKNOWN] * gap
    assert lived([*[Level.OVER] * 4, *unknown, Level.OVER], 60) == [False] * (gap + 5)
    assert lived([Level.OVER, Level.CLEAR, *unknown, Level.CLEAR], 0) == [True, *[False] * (gap + 2)]
    fires = [Level.OVER] * 7
    assert all(lived([*fires, Level.CLEAR, *unknown, Level.CLEAR], 60)[7:])


@pytest.mark.parametrize("jump", [timedelta(hours=3), timedelta(hours=-3), timedelta(days=2)])
def test_our_own_absence_and_a_clock_that_jumps_fire_nothing(jump: timedelta) -> None:
    """One judgement before, one after: at most half a minute of it is taken for known."""
    watch = step(None, Level.OVER, NOW, 60)
    watch = step(watch, Level.OVER, NOW + jump, 60)
    assert watch is not None
    assert not watch.firing
    assert watch.over <= LONGEST_STEP_SECONDS


def test_beginning_is_the_first_judgement_beyond_the_limit() -> None:
    watch, at = None, NOW
    for _ in range(8):
        watch = step(watch, Level.OVER, at, 60)
        at += ROUND
    assert watch is not None
    assert (watch.since, watch.firing) == (NOW, True)
    assert isinstance(watch.since, datetime)
