"""The Cost page's figure: three panels of bars above each other on one time axis."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import plotly.graph_objects as go

from dashboard.cost.spending import Bar
from dashboard.ui.charts import THEME, plain

HEIGHT: Final = 388
# In pixels from the top of the figure; static/css/cost.css places their headings.
PANELS: Final = {"cost": (8, 158), "orphan": (196, 262), "idle": (300, 366)}
BOTTOM: Final = 366
NICE: Final = (1.0, 2.0, 4.0, 5.0, 10.0)
HOURS: Final = [
    {"dtickrange": [None, 43_200_000], "value": "%H:%M"},
    {"dtickrange": [43_200_000, None], "value": "%a %d"},
]


def cost_bars(bars: Sequence[Bar], step: timedelta, *, compared: bool = True) -> dict[str, Any]:
    """Traces: cost, the range before as dots over it, orphaned, idle; each panel from 0 to a round sum.

    Without `compared` there are no dots.
    """
    width = step.total_seconds() * 1000
    x = [bar.start.timestamp() * 1000 + width / 2 for bar in bars]
    look = {"x": x, "width": [width * 0.84] * len(x), "hoverinfo": "none"}
    figure = go.Figure(
        [
            go.Bar(y=_usd(bar.cost for bar in bars), marker={"color": "var(--data-2)"}, name="cost", **look),
            go.Scatter(
                x=x, y=[float(bar.before) if compared else None for bar in bars], mode="lines", name="before",
                hoverinfo="none", line={"color": "var(--data)", "width": 1.25, "dash": "2px,3px", "shape": "hvh"},
            ),
            go.Bar(y=_usd(bar.orphan for bar in bars), marker_color="var(--orph)", name="orphan", yaxis="y2", **look),
            go.Bar(y=_usd(bar.idle for bar in bars), marker_color="var(--ctl)", name="idle", yaxis="y3", **look),
        ]
    )  # fmt: skip
    tops = [max((bar.cost for bar in bars), default=0), max((bar.before for bar in bars if compared), default=0)]
    figure.update_layout(
        template=THEME,
        height=HEIGHT,
        margin={"l": 44, "r": 4, "t": 0, "b": HEIGHT - BOTTOM},
        barmode="overlay",
        xaxis={
            "range": [x[0] - width / 2, x[-1] + width / 2] if x else None,
            "anchor": "y3", "tickformatstops": HOURS,
        },
        yaxis=_axis("cost", max(tops), 2),
        yaxis2=_axis("orphan", max((bar.orphan for bar in bars), default=0), 1),
        yaxis3=_axis("idle", max((bar.idle for bar in bars), default=0), 1),
    )  # fmt: skip
    return plain(figure)


def _axis(panel: str, most: Any, steps: int) -> dict[str, Any]:
    top, bottom = PANELS[panel]
    high = round_up(float(most))
    ticks = [high * step / steps for step in range(steps + 1)]
    return {
        "domain": [round(1 - bottom / BOTTOM, 5), round(1 - top / BOTTOM, 5)],
        "range": [0, high * 1.03],
        "anchor": "x",
        "tickvals": ticks,
        "ticktext": [f"${tick:,.10f}".rstrip("0").rstrip(".") for tick in ticks],
    }


def round_up(value: float) -> float:
    """A round sum that holds it: 0.01, 0.02, 0.04, 0.05, 0.1, …"""
    step = 0.01
    while True:
        for factor in NICE:
            if value <= step * factor:
                return round(step * factor, 10)
        step *= 10


def _usd(values: Any) -> list[float]:
    return [float(value) for value in values]
