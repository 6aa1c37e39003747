"""Signs of life on record, of many sandboxes at once: how much CPU is one, and when each gave its last.

A run that began and a lease that was set are signs too: who asks has them at hand. What a run costs after its last
sign asks more exactly, run by run (`sandboxes.cost.queries_last_sign`), by the same limit.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sandboxes.core import database
from sandboxes.fleet import queries

AT_WORK_PCT: Final = 2.0  # of all cores; a policy that names its own limit is held to that


def hundredths(pct: float) -> int:
    """As samples are stored: hundredths of a percent."""
    return round(pct * 100)


def end_moved(keys: Sequence[int], since: datetime, until: datetime) -> dict[int, datetime]:
    """When the end of each one last moved in [since, until); those that it did not move of are left out."""
    return _last(queries.END_MOVED, {"keys": list(keys), "since": since, "until": until})


def at_work(
    keys: Sequence[int], since: datetime, until: datetime, at_work_pct: float = AT_WORK_PCT
) -> dict[int, datetime]:
    """The last sample of at least `at_work_pct` CPU of each one in [since, until), in series, not in frames."""
    return _last(
        queries.AT_WORK, {"keys": list(keys), "since": since, "until": until, "least": hundredths(at_work_pct)}
    )


def sampled(keys: Sequence[int], since: datetime, until: datetime) -> dict[int, datetime]:
    """The last sample of each one in [since, until), however little it shows; those without any are left out."""
    return at_work(keys, since, until, 0.0)


def _last(statement: str, given: dict[str, Any]) -> dict[int, datetime]:
    return dict(database.rows(statement, given))
