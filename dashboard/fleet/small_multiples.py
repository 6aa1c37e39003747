"""Median and p95 of one group as a small drawing; all of them on one scale, 0 to 100%, so that they compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sandboxes.fleet.figures import GroupColumns

WIDTH: Final = 240
HEIGHT: Final = 48
Shares = Sequence[float | None]
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class Drawing:
    """SVG paths in a box of WIDTH by HEIGHT, and the newest values in percent; broken where nothing was measured."""

    median: str
    p95: str
    between: str
    last_median: float | None
    last_p95: float | None


@dataclass(frozen=True)
class Panel:
    """A group's two drawings; `sandboxes` is how many there were at the end."""

    name: str
    rest: bool
    sandboxes: int | None
    cpu: Drawing
    mem: Drawing


def panels(groups: Sequence[GroupColumns]) -> list[Panel]:
    """In the order given: the biggest group first."""
    return [
        Panel(
            group.name,
            group.rest,
            _last(group.sandboxes),
            drawing(group.cpu_p50, group.cpu_p95),
            drawing(group.mem_p50, group.mem_p95),
        )
        for group in groups
    ]


def drawing(median: Shares, p95: Shares) -> Drawing:
    """Both lines and what lies between them; percent, None for a cell without a sample."""
    runs = _runs(median, p95)
    step = WIDTH / max(1, len(median) - 1)
    lower = [[(at * step, _y(median[at])) for at in run] for run in runs]
    upper = [[(at * step, _y(p95[at])) for at in run] for run in runs]
    between = "".join(
        f"{_path(top)}L{_points(reversed_)}Z" for top, low in zip(upper, lower, strict=True) if (reversed_ := low[::-1])
    )
    return Drawing("".join(map(_path, lower)), "".join(map(_path, upper)), between, _last(median), _last(p95))


def _runs(median: Shares, p95: Shares) -> list[list[int]]:
    """The unbroken stretches in which both are known."""
    runs: list[list[int]] = []
    whole = False
    for at, (low, high) in enumerate(zip(median, p95, strict=True)):
        known = low is not None and high is not None
        if known and whole:
            runs[-1].append(at)
        elif known:
            runs.append([at])
        whole = known
    return runs


def _path(points: Sequence[tuple[float, float]]) -> str:
    return f"M{_points(points)}" if len(points) > 1 else f"M{_points(points)}h1"


def _points(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _y(share: float | None) -> float:
    return HEIGHT * (1 - min(100.0, share or 0.0) / 100)


def _last(values: Sequence[_Number | None]) -> _Number | None:
    return next((value for value in reversed(values) if value is not None), None)
