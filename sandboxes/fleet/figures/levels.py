"""Levels over time with their extremes: two cells side by side tell the least and the greatest value in them. Pure."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]  # NaN where nothing is known


def extremes(cells: NDArray[np.int64], least: Values, most: Values, number: int) -> tuple[Values, Values]:
    """The least and the greatest value of each of `number` cells; `least[i]` and `most[i]` belong to `cells[i]`."""
    lowest, highest = np.full(number, np.nan), np.full(number, np.nan)
    np.fmin.at(lowest, cells, least)
    np.fmax.at(highest, cells, most)
    return lowest, highest


def shown(least: Values, most: Values) -> Values:
    """A value for each cell, NaN where nothing is known.

    Of two cells the one shows the least and the other the greatest value of both, where they were: so a peak of one
    minute stays in a chart of a year. A cell of one value, alone or beside its like, shows that.
    """
    found = most.copy()
    pairs = len(most) // 2 * 2
    one, other = slice(0, pairs, 2), slice(1, pairs, 2)
    lowest, highest = np.minimum(least[one], least[other]), np.maximum(most[one], most[other])
    falls = (most[one] == highest) & (least[other] == lowest) & (least[one] > lowest)
    both = ~np.isnan(lowest)
    found[one] = np.where(both, np.where(falls, highest, lowest), most[one])
    found[other] = np.where(both, np.where(falls, lowest, highest), most[other])
    return found
