"""Plotly figures, built from plain columns under one theme. Pure: no ORM, no clock.

Colours are names of CSS tokens (`var(--data)`): the browser puts in the values of the theme it shows, so that a
figure is right in both and can be recoloured without asking again. Times go in as Unix seconds.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

import plotly.graph_objects as go

from dashboard.ui.translation import gettext as _

Column = Sequence[float | None]
GIB: Final = 1024**3
LABEL_ROOM: Final = 84  # right of the fleet's charts, for the label at each line's end
# A sandbox's three panels, in pixels from the top of the figure; static/css/pages.css places their headings.
PANELS_HEIGHT: Final = 478
PANELS: Final = {"cpu": (28, 174), "mem": (218, 318), "disk": (362, 452)}

THEME: Final = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, system-ui, sans-serif", "size": 11, "color": "var(--faint)"},
        "showlegend": False,
        "hovermode": "x",
        "dragmode": "zoom",
        "colorway": ["var(--data)"],
        "xaxis": {
            "type": "date",
            "showgrid": False,
            "zeroline": False,
            "linecolor": "var(--line-2)",
            "showline": True,
            "ticks": "",
            "nticks": 8,
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": "var(--ctl)",
        },
        "yaxis": {
            "gridcolor": "var(--line)",
            "zeroline": False,
            "fixedrange": True,
            "ticks": "",
            "ticklabelstandoff": 6,
        },
    }
)
# A list of a template applies by name only, so these go into each figure: hours without the date under them.
TIMES: Final = [
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M"},
    {"dtickrange": [86_400_000, None], "value": "%d %b"},
]
PERCENT: Final = {"range": [0, 101], "tickvals": [0, 50, 100], "ticktext": ["0%", "50%", "100%"]}


@dataclass(frozen=True)
class Mark:
    """An event on the time axis; `hue` is a state's token name: run, pause, orph, bad, or ctl."""

    at: float
    hue: str


@dataclass(frozen=True)
class Gap:
    """A stretch without data, and why: paused, no samples."""

    start: float
    end: float
    why: str


def millis(seconds: Column) -> list[float | None]:
    """Unix seconds as plotly's date axis counts them."""
    return [None if second is None else second * 1000 for second in seconds]


def share_band(t: Column, median: Column, p95: Column, start: float, end: float) -> dict[str, Any]:
    """Median and p95 of the fleet in percent, the room between them filled; trace 0 is the median, 1 the p95.

    Lines run on over missing minutes, because plotly can't fill between lines that break off: the browser covers
    and hatches those stretches (`breaks`).
    """
    x = millis(t)
    figure = go.Figure(
        [
            go.Scatter(x=x, y=list(median), mode="lines", line={"color": "var(--data)", "width": 1.5}, name="median"),
            go.Scatter(
                x=x, y=list(p95), mode="lines", line={"color": "var(--data-2)", "width": 1}, name="p95",
                fill="tonexty", fillcolor="var(--fill)",
            ),
        ]
    )  # fmt: skip
    figure.update_traces(hoverinfo="none", connectgaps=True)
    figure.update_layout(
        template=THEME,
        margin={"l": 44, "r": LABEL_ROOM, "t": 8, "b": 22},
        xaxis={"range": [start * 1000, end * 1000], "tickformatstops": TIMES},
        yaxis=PERCENT,
    )
    return plain(figure)


def running_count(t: Column, running: Column, cap: int | None, start: float, end: float) -> dict[str, Any]:
    """How many ran over a day, from 0 to the cap, or to a round number above the most where that is more.

    A cap that was exceeded is a dashed line: what lies above it is the part that matters.
    """
    most = max((value for value in running if value is not None), default=0)
    top = cap if cap and most <= cap else _round_up(most)
    over = bool(cap and top > cap)
    figure = go.Figure(
        go.Scatter(
            x=millis(t), y=list(running), mode="lines", line={"color": "var(--data)", "width": 1.5},
            fill="tozeroy", fillcolor="var(--fill)", name="running", hoverinfo="none",
        )
    )  # fmt: skip
    figure.update_layout(
        template=THEME,
        margin={"l": 44, "r": LABEL_ROOM, "t": 8, "b": 22},
        xaxis={"range": [start * 1000, end * 1000], "tickformatstops": TIMES},
        yaxis={"range": [0, top * 1.01], "tickvals": [0, *([cap] if over else []), top], "tickformat": ",d"},
        shapes=[_cap_line(cap)] if cap and over else [],
        annotations=[_cap_word(cap)] if cap and over else [],
    )
    return plain(figure)


def _cap_word(cap: int) -> dict[str, Any]:
    """Beside the line, where the lines of the other charts have their names."""
    where = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 6, "yref": "y", "y": cap, "yanchor": "middle"}
    words = _("limit %(cap)s") % {"cap": f"{cap:,}"}
    return {"text": words, "showarrow": False, "font": {"color": "var(--bad)", "size": 11}, **where}


def _cap_line(cap: int) -> dict[str, Any]:
    line = {"color": "var(--bad)", "width": 1, "dash": "4px,3px"}
    return {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": cap, "y1": cap, "line": line}


def sandbox_panels(
    t: Column,
    cpu_pct: Column,
    mem_used: Column,
    disk_used: Column,
    *,
    limits: tuple[float | None, float | None],
    span: tuple[float, float],
    marks: Sequence[Mark],
    gaps: Sequence[Gap],
) -> dict[str, Any]:
    """CPU, memory and disk of one sandbox above each other on one time axis; traces 0, 1, 2 in that order.

    `limits`: memory and disk allocated, bytes; None when unknown. Gaps are hatched bars behind the lines.
    """
    x = millis(t)
    tops = [100.0, _top(limits[0], mem_used), _top(limits[1], disk_used)]
    figure = go.Figure(
        [
            go.Scatter(
                x=x, y=list(column), yaxis=axis, name=name, mode="lines", hoverinfo="none", connectgaps=False,
                line={"color": "var(--data)", "width": 1.5}, fill="tozeroy", fillcolor="var(--fill)",
            )
            for column, axis, name in zip(
                (cpu_pct, mem_used, disk_used), ("y", "y2", "y3"), ("CPU", _("Memory"), _("Disk")), strict=True
            )
        ]
    )  # fmt: skip
    figure.update_layout(
        template=THEME,
        height=PANELS_HEIGHT,
        margin={"l": 58, "r": 8, "t": 0, "b": PANELS_HEIGHT - PANELS["disk"][1]},
        xaxis={"range": [span[0] * 1000, span[1] * 1000], "anchor": "y3", "tickformatstops": TIMES},
        yaxis={"domain": _domain("cpu"), **PERCENT},
        yaxis2=_sizes("mem", tops[1]),
        yaxis3=_sizes("disk", tops[2]),
        bargap=0,
        **marks_and_gaps(marks, gaps),
    )
    return plain(figure)


def marks_and_gaps(marks: Sequence[Mark], gaps: Sequence[Gap]) -> dict[str, list[dict[str, Any]]]:
    """The layout's shapes: a dotted line through every panel for each event, a pale block for each gap.

    The browser lays the hatching over the blocks, and their names.
    """
    lines = [
        {
            "type": "line", "xref": "x", "yref": "paper", "x0": mark.at * 1000, "x1": mark.at * 1000, "y0": 0, "y1": 1,
            "line": {"color": f"var(--{mark.hue})", "width": 1, "dash": "2px,3px"}, "opacity": 0.6, "layer": "below",
        }
        for mark in marks
    ]  # fmt: skip
    blocks = [
        {
            "type": "rect", "xref": "x", "yref": "paper", "x0": gap.start * 1000, "x1": gap.end * 1000, "y0": 0,
            "y1": 1, "line": {"width": 0}, "fillcolor": "var(--hover)", "opacity": 0.5, "layer": "below",
            "name": gap.why,
        }
        for gap in gaps
    ]  # fmt: skip
    return {"shapes": [*blocks, *lines]}


def breaks(t: Column, values: Column, *, least_seconds: float) -> list[dict[str, Any]]:
    """Stretches of the fleet's record without values, as the browser hatches them: over `least_seconds` and over
    three of its usual steps.
    """
    least_seconds = max(least_seconds, 3 * usual_step(t))
    return [asdict(gap) for gap in gaps_of(t, values, [], least_seconds=least_seconds, why=_("no polls"))]


def usual_step(t: Column) -> float:
    """The median distance between points, 0 for fewer than two: thinned columns have wider ones."""
    known = [at for at in t if at is not None]
    steps = sorted(after - before for before, after in pairwise(known))
    return steps[len(steps) // 2] if steps else 0.0


def gaps_of(
    t: Column,
    values: Column,
    pauses: Sequence[tuple[float, float]],
    *,
    least_seconds: float,
    why: str = "",
    span: tuple[float, float] | None = None,
) -> list[Gap]:
    """Where it was paused, and where samples are missing for longer than `least_seconds` while it ran.

    With `span`, from its start to the first one and from the last one to its end too.
    """
    gaps = [Gap(start, end, _("paused")) for start, end in pauses]
    known = [at for at, value in zip(t, values, strict=True) if value is not None and at is not None]
    if span is not None:
        known = [span[0], *known, span[1]]
    for before, after in pairwise(known):
        if after - before > least_seconds:
            named = why or _("no samples")
            gaps += [Gap(start, end, named) for start, end in _outside(before, after, pauses, least_seconds)]
    return sorted(gaps, key=lambda gap: gap.start)


def _outside(
    start: float, end: float, pauses: Sequence[tuple[float, float]], least_seconds: float
) -> list[tuple[float, float]]:
    """The parts of a stretch in which it was not paused, the long ones."""
    parts, since = [], start
    for pause_start, pause_end in sorted(pauses):
        if pause_end > since and pause_start < end:
            parts.append((since, min(pause_start, end)))
            since = max(since, pause_end)
    parts.append((since, end))
    return [(a, b) for a, b in parts if b - a > least_seconds]


def _domain(panel: str) -> list[float]:
    """Where a panel stands, as plotly counts: shares of the drawing area from below."""
    top, bottom = PANELS[panel]
    height = PANELS["disk"][1]
    return [round(1 - bottom / height, 5), round(1 - top / height, 5)]


def _sizes(panel: str, top: float) -> dict[str, Any]:
    """An axis in GiB or MiB from 0 to the limit, named at its ends and middle."""
    unit, word = (GIB, "GiB") if top >= GIB else (1024**2, "MiB")
    ticks = [0, top / 2, top]
    texts = ["0", *(f"{tick / unit:.1f}".removesuffix(".0") + f" {word}" for tick in ticks[1:])]
    return {"domain": _domain(panel), "range": [0, top * 1.01], "tickvals": ticks, "ticktext": texts}


def _top(limit: float | None, values: Column) -> float:
    return limit or max((value for value in values if value is not None), default=0) * 1.1 or GIB


def _round_up(value: float) -> int:
    """A round number that holds it: 10, 20, 50, 100, …"""
    step = 10
    while True:
        for factor in (1, 2, 5):
            if value <= step * factor:
                return step * factor
        step *= 10


def plain(figure: go.Figure) -> dict[str, Any]:
    """Data and layout as JSON holds them, the theme written out into the layout."""
    drawn: dict[str, Any] = json.loads(figure.to_json())
    return drawn
