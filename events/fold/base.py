"""What the fold keeps of a sandbox's events. Times are whole microseconds since 1970, which JSON holds exactly."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# How well a run's start is known: lower is better.
START_EVENT, START_TOLD, START_GUESSED = 0, 1, 2
# Of two statements with one time, E2B's own event beats what the inventory saw.
OBSERVED, REAL = 0, 1


class Start(msgspec.Struct, frozen=True, array_like=True, order=True):
    """When a run began. Least wins: the better known, then the earlier."""

    how: int
    at: int
    word: str = ""


class End(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A `paused` or `killed` event of a run. Greatest wins: the latest, then `killed` before `paused`."""

    at: int
    killed: bool
    reason: str = ""
    execution_ms: int = -1
    cpu_count: int | float = 0
    memory_mb: int = 0


class Until(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A statement of when E2B will end a run; `end_at` 0 says that it has no end. Greatest wins: the latest."""

    at: int
    rank: int
    end_at: int


class Fact(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A statement about the sandbox itself; `value` is JSON text, so that ties have an order. Greatest wins."""

    at: int
    rank: int
    value: str


class Run(msgspec.Struct, omit_defaults=True):
    """One execution, as E2B's own events tell it."""

    start: Start
    opened: int = 0  # the latest created or resumed
    end: End | None = None
    until: Until | None = None


class Look(msgspec.Struct, omit_defaults=True):
    """One run as looks at E2B's list told it: the latest look that saw it so, 0 for never.

    `asked_kill` and `asked_pause` are when E2B answered a kill or a pause of ours with a yes.
    """

    running: int = 0
    paused: int = 0
    gone: int = 0
    left: int = 0  # when a run that a look found over had probably ended
    until: Until | None = None
    unknown: int = 0  # listed in a state whose word we don't know
    asked_kill: int = 0
    asked_pause: int = 0


class Base(msgspec.Struct, omit_defaults=True):
    """All that is kept of a sandbox's events: runs by execution ID, looks by the start they saw, facts by name."""

    runs: dict[str, Run] = {}
    looks: dict[str, Look] = {}
    facts: dict[str, Fact] = {}


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment(at: int) -> datetime:
    """The time that `micros` came from."""
    return EPOCH + at * MICROSECOND


def json_text(value: Any) -> str:
    """Canonical JSON: the same value is always the same text."""
    return msgspec.json.encode(value, order="sorted").decode()
