"""Fewer points, the same extremes, and gaps that stay gaps."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.metrics.series.thinning import Columns, Points, thin

NOW = 1_800_000_000


def line(values: list[int], step: int = 5, since: int = NOW) -> list[tuple[int, ...]]:
    """Of each sample its time and step, and the value three times."""
    return [(since + step * place, step, value, value, value) for place, value in enumerate(values)]


def thinned(samples: list[tuple[int, ...]], most: int) -> Columns:
    return thin(Points(*np.array(samples, np.int64).reshape(-1, 5).T), most)


def test_few_points_are_all_kept():
    columns = thinned(line([1, 2, 3]), 100)
    assert columns.t == [NOW, NOW + 5, NOW + 10]
    assert columns.cpu_pct == [0.01, 0.02, 0.03]
    assert columns.mem_used == [1024, 2048, 3072]


def test_nothing_gives_empty_columns():
    assert thinned([], 100).t == []


def test_a_spike_of_one_sample_stays():
    values = [100] * 5000
    values[3217] = 9900
    values[1200] = 3
    columns = thinned(line(values), 300)
    assert len(columns.t) <= 300
    known = [value for value in columns.cpu_pct if value is not None]
    assert (max(known), min(known)) == (99.0, 0.03)
    assert abs(columns.t[columns.cpu_pct.index(99.0)] - (NOW + 5 * 3217)) < 5 * 5000 / 100


def test_a_gap_breaks_the_line():
    points = [*line([1, 2]), (NOW + 600, 5, 3, 3, 3)]
    columns = thinned(points, 100)
    assert columns.cpu_pct == [0.01, 0.02, None, 0.03]
    assert columns.t == [NOW, NOW + 5, NOW + 10, NOW + 600]


def test_points_that_come_seldom_are_no_gaps():
    assert None not in thinned(line([1, 2, 3], step=30), 100).cpu_pct


def test_a_gap_stays_open_when_points_are_thinned():
    points = line([1] * 1000) + line([1] * 1000, since=NOW + 20_000)
    columns = thinned(points, 100)
    assert len(columns.t) <= 100
    assert columns.cpu_pct.count(None) == 1


def test_a_disk_of_no_bytes_is_not_known():
    assert thinned(line([0]), 10).disk_used == [None]
    assert thinned(line([0]), 10).mem_used == [0]


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 10_000)), min_size=1, max_size=400),
    st.integers(3, 120),
)
def test_never_more_points_than_asked_and_never_less_range(steps: list[tuple[int, int]], most: int) -> None:
    points: list[tuple[int, ...]] = []
    at = NOW
    for step, value in steps:
        at += step
        points.append((at, 5, value, value + 1, 7))
    columns = thinned(points, most)
    assert len(columns.t) <= most
    assert columns.t == sorted(set(columns.t))
    known = [value for value in columns.cpu_pct if value is not None]
    assert (min(known), max(known)) == (
        min(cpu for _, _, cpu, *_ in points) / 100,
        max(cpu for _, _, cpu, *_ in points) / 100,
    )
    assert {place for place, value in enumerate(columns.cpu_pct) if value is None} == {
        place for place, value in enumerate(columns.mem_used) if value is None
    }
