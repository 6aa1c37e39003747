"""A span of time cut into equal cells of whole minutes, or, where those would be too many, of tens or hours. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST_POINTS: Final = 1000
MINUTE: Final = 60
TEN: Final = 600
HOUR: Final = 3600
# Histograms of more rows than this are read from every second row, every third, …: a day's percentiles are
# of all its minutes, four days' of every fourth, while counts and levels are always exact. A cell has one at least.
HISTOGRAMS: Final = 1_500


@dataclass(frozen=True)
class Grid:
    """Cells of `width` seconds from `first` to `last` (Unix seconds); `unit` is what the record is read in."""

    first: int
    last: int
    width: int
    unit: int

    @property
    def cells(self) -> int:
        return -(-(self.last - self.first) // self.width)

    def start(self, cell: int) -> int:
        return self.first + cell * self.width

    def every(self, rows_a_unit: int = 1) -> int:
        """Of so many units one has its histograms read: one in each cell at least, else it had no percentile."""
        units = (self.last - self.first) // self.unit * rows_a_unit
        return min(-(-units // HISTOGRAMS) or 1, self.width // self.unit)


def grid(start: datetime, end: datetime, points: int, minutes_since: datetime) -> Grid:
    """At most `points` cells for [start, end); in hours when an hour or more is a cell, or the minutes are gone, and in
    ten minutes when a cell has as many."""
    points = max(1, min(points, MOST_POINTS))
    cut = _cut(start, end, points, MINUTE)
    if cut.width >= HOUR or start < minutes_since:
        return _cut(start, end, points, HOUR)
    return _cut(start, end, points, TEN) if cut.width >= TEN else cut


def _cut(start: datetime, end: datetime, points: int, unit: int) -> Grid:
    first = int(start.timestamp()) // unit * unit
    last = max(first, -(-int(end.timestamp()) // unit) * unit)
    return Grid(first, last, (-(-((last - first) // unit) // points) or 1) * unit, unit)
