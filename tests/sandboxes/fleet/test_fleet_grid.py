"""Spans cut into cells, and levels that keep their extremes."""

import struct
from datetime import timedelta

import numpy as np
import pytest
from django.db import DataError
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.core import binary
from sandboxes.fleet.figures.grid import HOUR, MINUTE, grid
from sandboxes.fleet.figures.histograms import added, percentile
from sandboxes.fleet.figures.levels import extremes, shown
from sandboxes.fleet.figures.percentiles import of_histogram
from sandboxes.metrics.series import arrays
from tests.support.records import NOW

COUNTS = st.one_of(st.just(0), st.integers(0, 2**31 - 1))
LONG_AGO = NOW - timedelta(days=400)


def test_few_minutes_are_a_cell_each():
    cut = grid(NOW, NOW + timedelta(minutes=10), 1000, LONG_AGO)
    assert (cut.cells, cut.width, cut.unit) == (10, MINUTE, MINUTE)


def test_a_year_is_read_in_hours_and_fits():
    cut = grid(NOW - timedelta(days=365), NOW, 1000, LONG_AGO)
    assert cut.cells <= 1000
    assert (cut.unit, cut.width % HOUR, cut.first % HOUR) == (HOUR, 0, 0)


@given(st.integers(1, 60_000), st.integers(1, 1000), st.integers(1, 40))
def test_every_cell_has_a_histogram_that_is_read(length: int, points: int, rows: int) -> None:
    cut = grid(NOW, NOW + timedelta(minutes=length), points, LONG_AGO)
    read = range(-(-cut.first // cut.unit // cut.every(rows)) * cut.every(rows), cut.last // cut.unit, cut.every(rows))
    whole = range((cut.last - cut.first) // cut.width)
    assert {(one * cut.unit - cut.first) // cut.width for one in read} >= set(whole)


def test_what_minutes_are_gone_of_is_read_in_hours():
    cut = grid(NOW - timedelta(days=40), NOW - timedelta(days=39), 1000, NOW - timedelta(days=30))
    assert (cut.unit, cut.cells) == (HOUR, 24)


@given(st.integers(1, 600_000), st.integers(1, 1000))
def test_never_more_cells_than_asked(length: int, points: int) -> None:
    cut = grid(NOW, NOW + timedelta(minutes=length), points, LONG_AGO)
    assert 1 <= cut.cells <= points
    assert cut.start(cut.cells - 1) < cut.last <= cut.start(cut.cells)


def told(*pairs: tuple[float, float] | None) -> list[float | None]:
    """What cells with these extremes show."""
    least, most = np.array([pair or (np.nan, np.nan) for pair in pairs], float).reshape(-1, 2).T
    return [None if value != value else value for value in shown(least, most).tolist()]


def test_two_cells_show_the_least_and_the_greatest_where_they_were():
    assert told((1, 5), (2, 9)) == [1, 9]
    assert told((3, 9), (1, 5)) == [9, 1]
    assert told((1, 9), (2, 5)) == [1, 9]


def test_a_gap_stays_a_gap():
    assert told(None, (1, 9), None, None, (4, 4)) == [None, 9, None, None, 4]


@given(st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 9), st.integers(0, 9))), max_size=30))
def test_the_greatest_is_never_lost(pairs: list[tuple[int, int] | None]) -> None:
    cells = [pair and (min(pair), max(pair)) for pair in pairs]
    values = told(*cells)
    assert [value is None for value in values] == [cell is None for cell in cells]
    assert max((value for value in values if value is not None), default=None) == max(
        (most for _, most in filter(None, cells)), default=None
    )


def test_a_cell_has_the_extremes_of_all_that_lies_in_it():
    least, most = extremes(np.array([2, 0, 2]), np.array([3.0, 5, 1]), np.array([4.0, 5, 2]), 3)
    assert (least[[0, 2]].tolist(), most[[0, 2]].tolist()) == ([5, 1], [5, 4])
    assert np.isnan(least[1])
    assert np.isnan(most[1])


def sent(histogram: list[int]) -> bytes:
    return b"\0" * 20 + b"".join(struct.pack(">II", 4, count) for count in histogram)


@given(st.lists(st.tuples(st.integers(0, 4), st.lists(COUNTS, min_size=101, max_size=101)), max_size=6))
def test_histograms_add_up_by_cell_whatever_their_size(histograms: list[tuple[int, list[int]]]) -> None:
    cells = np.array([cell for cell, _ in histograms], np.int64)
    sums = added(cells, b"".join(sent(counts) for _, counts in histograms), 5)
    for cell in range(5):
        own = [counts for at, counts in histograms if at == cell]
        assert sums[cell].tolist() == ([sum(column) for column in zip(*own, strict=True)] or [0] * 101)
        assert percentile(sums, 95)[cell] == of_histogram(sums[cell].tolist(), 95)


def test_a_histogram_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="101 entries"):
        added(np.array([0]), b"\0" * 20, 1)


def test_an_array_comes_as_it_was_sent_and_nulls_are_refused(db):
    given = {"numbers": [3, -1, 70_000], "flags": [True, False]}
    ((numbers, empty, flags, big, nulls),) = binary.fetch(
        """SELECT array_send(%(numbers)s::int[]), array_send('{}'::int[]), array_send(%(flags)s::bool[]),
                  array_send('{9000000000}'::bigint[]), array_send('{1,null}'::int[])""",
        given,
    )
    assert [arrays.numbers(sent).tolist() for sent in (numbers, empty, flags, big)] == [
        [3, -1, 70_000], [], [1, 0], [9_000_000_000],
    ]  # fmt: skip
    with pytest.raises(ValueError, match="without nulls"):
        arrays.numbers(nulls)


def test_what_the_database_refuses_is_an_error_of_django_s(db):
    with pytest.raises(DataError):
        binary.fetch("SELECT 1 / %(by)s", {"by": 0})
