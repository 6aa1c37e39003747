"""The questions that pages and REST ask of the past, through the stack's own functions."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sandboxes.fleet import figures as fleet
from sandboxes.fleet.search import SandboxQuery, search
from sandboxes.metrics import series

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
Question = Callable[[Random], Any]


def questions(now: datetime, sandboxes: int) -> dict[str, Question]:
    """By name; each takes chance, so that no question is asked twice in a row. `sandboxes` have series."""

    def of_sandbox(span: timedelta) -> Question:
        return lambda chance: series.sandbox_metrics(chance.randint(1, sandboxes), now - span, now)

    def some_time(chance: Random) -> datetime:
        """Half of them within the frames of every tick, half in the week before."""
        return now - chance.choice((HOUR * 5, 6 * DAY)) * chance.random()

    return {
        "sandbox_hour": of_sandbox(HOUR),
        "sandbox_day": of_sandbox(DAY),
        "sandbox_week": of_sandbox(7 * DAY),
        "fleet_day": lambda _: fleet.metrics(now - DAY, now, now=now),
        "fleet_week": lambda _: fleet.metrics(now - 7 * DAY, now, now=now),
        "by_owner": lambda _: fleet.by_group("owner", now - DAY, now, now=now),
        "fleet_at": lambda chance: fleet.at(some_time(chance)),
        "hottest": lambda _: search(SandboxQuery(states=("running",), order="-cpu_pct"), limit=100, now=now),
    }


def on_its_span(now: datetime, sandboxes: int) -> dict[str, Question]:
    """What the row-per-sample table is asked too, of the six hours that it holds."""
    span = 6 * HOUR
    return {
        "sandbox_6_hours": lambda chance: series.sandbox_metrics(chance.randint(1, sandboxes), now - span, now),
        "fleet_6_hours": lambda _: fleet.metrics(now - span, now, now=now),
        "by_owner_6_hours": lambda _: fleet.by_group("owner", now - span, now, now=now),
    }
