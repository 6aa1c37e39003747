"""The fleet's charts as the Fleet page draws them: the hour before a moment, and the last day."""

from datetime import datetime, timedelta
from typing import Any, Final

from dashboard.ui import charts
from sandboxes.fleet import figures as fleet

QUIET_SECONDS: Final = 150.0  # minutes stand a minute apart; with more than two missing nobody was polling
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPARK_MINUTES: Final = 60


def hour(end: datetime) -> dict[str, Any]:
    """`{"cpu", "mem", "gaps", "sparks"}` of the hour before `end`: figures, breaks and the sparklines' values."""
    columns = fleet.metrics(end - HOUR, end, 720)
    span = (end - HOUR).timestamp(), end.timestamp()
    return {
        "cpu": charts.share_band(columns.t, columns.cpu_p50, columns.cpu_p95, *span),
        "mem": charts.share_band(columns.t, columns.mem_p50, columns.mem_p95, *span),
        "gaps": {
            "cpu": charts.breaks(columns.t, columns.cpu_p50, least_seconds=QUIET_SECONDS),
            "mem": charts.breaks(columns.t, columns.mem_p50, least_seconds=QUIET_SECONDS),
        },
        "sparks": {
            "started": columns.started[-SPARK_MINUTES:],
            "ended": columns.ended[-SPARK_MINUTES:],
            "cpu_p50": columns.cpu_p50[-SPARK_MINUTES:],
            "mem_p50": columns.mem_p50[-SPARK_MINUTES:],
        },
    }


def day(end: datetime, cap: int | None) -> dict[str, Any]:
    """`{"figure", "gaps"}` of the day before `end`: how many ran."""
    columns = fleet.metrics(end - DAY, end, 288)
    return {
        "figure": charts.running_count(
            columns.t, columns.running, cap, (end - DAY).timestamp(), end.timestamp()
        ),
        "gaps": charts.breaks(columns.t, columns.running, least_seconds=QUIET_SECONDS),
    }  # fmt: skip
