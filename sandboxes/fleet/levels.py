"""Levels over time with their extremes: two cells side by side tell the least and the greatest value in them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """The least and greatest value of a cell."""

    least: float
    most: float

    def with_(self, other: "Level | None") -> "Level":
        return self if other is None else Level(min(self.least, other.least), max(self.most, other.most))


def shown(cells: Sequence[Level | None]) -> list[float | None]:
    """A value for each cell, None where nothing is known.

    Of two cells the one shows the least and the other the greatest value of both, where they were: so a peak of one
    minute stays in a chart of a year. A cell of one value, alone or beside its like, shows that.
    """
    found: list[float | None] = [cell.most if cell else None for cell in cells]
    for place in range(0, len(cells) - 1, 2):
        one, other = cells[place], cells[place + 1]
        if one and other:
            found[place : place + 2] = _pair(one, other)
    return found


def _pair(one: Level, other: Level) -> list[float]:
    both = one.with_(other)
    falls = one.most == both.most and other.least == both.least and one.least > both.least
    return [both.most, both.least] if falls else [both.least, both.most]
