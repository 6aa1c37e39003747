"""Histograms of 101 steps of 1%, many at once: added up by cell, and the percentiles of the sums. Pure."""

from typing import Final

import numpy as np

from sandboxes.fleet.figures.percentiles import MIDDLES
from sandboxes.metrics.series.arrays import Numbers, table

STEPS: Final = 101
_MIDDLES: Final = np.array(MIDDLES)


def added(cells: Numbers, sent: bytes, number: int) -> Numbers:
    """A row of sums for each of `number` cells; the i-th histogram of `sent`, as `array_send` gives them one after the
    other, belongs to `cells[i]`.

    Raises ValueError for histograms of another length.
    """
    rows = table(sent, STEPS)
    total = np.zeros((number, STEPS), np.int64)
    if len(rows):
        by_cell = np.argsort(cells, kind="stable")
        ordered = cells[by_cell]
        first = np.flatnonzero(np.diff(ordered, prepend=-1))
        total[ordered[first]] = np.add.reduceat(rows[by_cell], first, axis=0)
    return total


def percentile(sums: Numbers, percent: int) -> list[float | None]:
    """Of each row the middle of the step in which the percentile lies (nearest rank); None where nothing was added."""
    upto = sums.cumsum(axis=1)
    samples = upto[:, -1]
    rank = np.maximum(1, -(-samples * percent // 100))
    middles = _MIDDLES[np.minimum((upto < rank[:, None]).sum(axis=1), STEPS - 1)].tolist()
    return [middle if any_ else None for middle, any_ in zip(middles, samples.tolist(), strict=True)]
