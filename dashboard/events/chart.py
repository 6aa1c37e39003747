"""Events by type over time as small bar drawings above each other, all on one scale. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

HEIGHT: Final = 26  # px of a lane; templates/events/chart.html draws it
MOST_BARS: Final = 72
MOST_TICKS: Final = 8
BAR_SHARE: Final = 0.86  # of its step, the rest is air
USUAL: Final = ("created", "resumed", "paused", "updated", "killed")
STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        1, 5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 10_800, 21_600, 43_200,
        86_400, 172_800, 604_800, 2_592_000,
    )
)  # fmt: skip
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Axis:
    """Whole steps that cover a time: `count` of `step` from `start` on."""

    start: datetime
    step: timedelta
    count: int

    @property
    def end(self) -> datetime:
        return self.start + self.step * self.count

    def at(self, number: int) -> datetime:
        """When the step of this number begins."""
        return self.start + self.step * number


@dataclass(frozen=True)
class Bar:
    """A step's events: place and width in percent of the drawing, top and height in px; `start` until `end`."""

    x: str
    width: str
    y: str
    height: str
    count: int
    start: datetime
    end: datetime
    newest: bool
    link: str


@dataclass(frozen=True)
class Lane:
    """A type with its bars; `count` of the whole time."""

    kind: str
    count: int
    bars: list[Bar]


def axis_of(start: datetime, end: datetime) -> Axis:
    """The finest step that makes at most MOST_BARS of the time, on round times; one step where the time is none."""
    for step in STEPS:
        first = EPOCH + (start - EPOCH) // step * step
        count = max(1, -((first - end) // step))
        if count <= MOST_BARS or step == STEPS[-1]:
            break
    return Axis(first, step, count)


def ticks(axis: Axis) -> list[tuple[str, str]]:
    """Places in percent, and what stands there: `13:20`, or `28 Nov` where a day lies between two."""
    length = axis.end - axis.start
    apart = next((step for step in STEPS if step >= axis.step and length / step <= MOST_TICKS), STEPS[-1])
    first = EPOCH + -((EPOCH - axis.start) // apart) * apart
    form = "%d %b" if apart >= timedelta(days=1) else "%H:%M" if apart >= timedelta(minutes=1) else "%H:%M:%S"
    found = []
    while first <= axis.end:
        share = (first - axis.start) / length
        if 0.02 <= share <= 0.98:  # one at the edge would be cut off
            found.append((f"{100 * share:.2f}", first.strftime(form)))
        first += apart
    return found


def lanes(
    of: Mapping[str, Mapping[int, int]],
    axis: Axis,
    link: Callable[[str, datetime, datetime], str],
    *,
    chosen: Sequence[str] = (),
) -> list[Lane]:
    """The usual types even without events, then others; `of` as `events.search.Counts` has it.

    `link` gives the address of a type's events in a step. `chosen` types are shown, whether they have events or not.
    """
    others = sorted({*of, *chosen} - set(USUAL))
    top = max((count for steps in of.values() for count in steps.values()), default=0)
    return [_lane(kind, of.get(kind, {}), axis, top, link) for kind in (*USUAL, *others)]


def _lane(
    kind: str, steps: Mapping[int, int], axis: Axis, top: int, link: Callable[[str, datetime, datetime], str]
) -> Lane:
    bars = [
        _bar(number, count, axis, top, link(kind, axis.at(number), axis.at(number + 1)))
        for number, count in sorted(steps.items())
    ]
    return Lane(kind, sum(steps.values()), bars)


def _bar(number: int, count: int, axis: Axis, top: int, link: str) -> Bar:
    width, height = 100 / axis.count, max(1.0, HEIGHT * count / top)
    return Bar(
        x=f"{number * width:.3f}", width=f"{BAR_SHARE * width:.3f}", y=f"{HEIGHT - height:.1f}", height=f"{height:.1f}",
        count=count, start=axis.at(number), end=axis.at(number + 1), newest=number == axis.count - 1, link=link,
    )  # fmt: skip
