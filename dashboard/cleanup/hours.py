"""What a policy would have done hour by hour, as columns: of each the acts, and as its foot those used again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dashboard.ui import formats
from dashboard.ui.translation import ngettext
from sandboxes.cleanup.whatif.tally import HourTold

WIDTH: Final = 720  # of the drawing, in its own units
TALL: Final = 96
SHARE: Final = 0.82  # of its hour that a column takes


@dataclass(frozen=True)
class Bar:
    """An hour in which it would have acted."""

    x: float
    width: float
    height: float
    foot: float
    title: str

    @property
    def y(self) -> float:
        return round(TALL - self.height, 2)

    @property
    def foot_y(self) -> float:
        return round(TALL - self.foot, 2)


@dataclass(frozen=True)
class Drawing:
    """The columns, where each day begins and its name; `top` are the busiest hour's acts, `acts` and `used` all."""

    bars: Sequence[Bar]
    days: Sequence[tuple[float, str]]
    top: int
    acts: int
    used: int

    def __bool__(self) -> bool:
        return self.top > 0


def drawn(hours: Sequence[HourTold]) -> Drawing:
    """False where it would never have acted."""
    top = max((hour.would_have_hit for hour in hours), default=0)
    step = WIDTH / max(1, len(hours))
    bars = [
        Bar(
            round(place * step, 2), round(step * SHARE, 2), round(TALL * hour.would_have_hit / top, 2),
            round(TALL * hour.showed_life_after / top, 2), _title(hour),
        )
        for place, hour in enumerate(hours)
        if hour.would_have_hit
    ]  # fmt: skip
    days = [(round(place * step, 2), _day(hour.at)) for place, hour in enumerate(hours) if hour.at.hour == 0]
    acts, used = (sum(counts) for counts in zip(*map(_counts, hours), strict=True)) if hours else (0, 0)
    return Drawing(bars, days, top, acts, used)


def _counts(hour: HourTold) -> tuple[int, int]:
    return hour.would_have_hit, hour.showed_life_after


def _title(hour: HourTold) -> str:
    used = ngettext("%(n)s used again", "%(n)s used again", hour.showed_life_after) % {"n": hour.showed_life_after}
    return f"{formats.exact(hour.at)}: {hour.would_have_hit:,}, {used}"


def _day(at: datetime) -> str:
    return f"{at:%a} {at.day}"
