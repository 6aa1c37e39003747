"""Percentiles of values and of histograms of 101 steps of 1%. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import msgspec

# Of each step of a histogram; the last one holds 100 alone.
MIDDLES: Final = (*(step + 0.5 for step in range(100)), 100.0)


class Spread(msgspec.Struct, frozen=True):
    """Percent, 0 to 100; None in all three when there is no sample."""

    p50: float | None
    p95: float | None
    mean: float | None


def spread(values: Sequence[float]) -> Spread:
    """Percentiles and mean of values in any order."""
    ordered = sorted(values)
    mean = round(sum(ordered) / len(ordered), 2) if ordered else None
    return Spread(nearest(ordered, 50), nearest(ordered, 95), mean)


def nearest(ordered: Sequence[float], percent: int) -> float | None:
    """By nearest rank, so that it is one of the values, to two digits; None for none. The page's figures and REST's."""
    return round(ordered[_rank(len(ordered), percent) - 1], 2) if ordered else None


def of_histogram(counts: Sequence[int], percent: int) -> float | None:
    """The middle of the step in which the percentile lies (step i holds i to i + 1%, the last one 100 alone)."""
    sums = list(accumulate(counts))
    total = sums[-1] if sums else 0
    return MIDDLES[bisect_left(sums, _rank(total, percent))] if total else None


def _rank(number: int, percent: int) -> int:
    return max(1, -(-number * percent // 100))
