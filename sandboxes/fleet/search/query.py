"""What can be asked of the fleet's list."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

ORDERS: Final = (
    "started_at", "created_at", "end_at", "ended_at", "cpu_pct", "mem_pct", "cost_usd", "burn_usd_per_hour", "id",
)  # fmt: skip
STATES: Final = ("running", "paused", "unknown", "ended")
LIVE: Final = ("running", "paused", "unknown")
DEFAULT_ORDER: Final = "-started_at"
MAX_LIMIT: Final = 1000
_ORDER = re.compile(r"-?(" + "|".join(ORDERS) + r")")
_FAR_SECONDS: Final = 100 * 366 * 86400
MOST_IDLE_SECONDS: Final = 7 * 86400  # as long as samples are kept as they came


Words: TypeAlias = str | tuple[str, ...] | None  # one, or any of several


class QueryError(ValueError):
    """The question makes no sense; the message says which part and why."""


@dataclass(frozen=True)
class SandboxQuery:
    """Filters and order of `GET /sandboxes`; what is None is not asked.

    Ages, `ends_within` (its end is still to come) and `past_end` (it was that long ago) are in seconds; `cpu_min`,
    `cpu_max` and `mem_min` in percent (0 to 100). `reason` is the backend's word for why it ended, `cause` ours;
    `ended_since` and `ended_until` bound when, `created_…` when it came to be. `no_sample`: it runs and has none.
    `idle_for`: all its samples of so many seconds were below `idle_cpu_below` percent (2); `idle_keys` is for the keys
    of those found to be so, and nobody's to ask for. `q` is looked for in ID, alias, owner and metadata, without regard
    to case. Raises QueryError for what cannot be.
    """

    states: tuple[str, ...] = LIVE
    account: str | None = None
    template: Words = None
    owner: Words = None
    environment: Words = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    age_min: float | None = None
    age_max: float | None = None
    ends_within: float | None = None
    past_end: float | None = None
    reason: Words = None
    cause: Words = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    ended_since: datetime | None = None
    ended_until: datetime | None = None
    cpu_min: float | None = None
    cpu_max: float | None = None
    mem_min: float | None = None
    idle_for: float | None = None
    idle_cpu_below: float | None = None
    idle_keys: tuple[int, ...] | None = None
    no_sample: bool | None = None
    q: str | None = None
    orphan: bool | None = None
    protected: bool | None = None
    order: str = DEFAULT_ORDER

    def __post_init__(self) -> None:
        if not self.states or not set(self.states) <= set(STATES):
            raise QueryError(f"state must be some of {', '.join(STATES)}, or all")
        if not _ORDER.fullmatch(self.order):
            raise QueryError(f"order must be one of {', '.join(ORDERS)}, with - before it for descending")
        for name in ("age_min", "age_max", "ends_within", "past_end"):
            seconds = getattr(self, name)
            if seconds is not None and not 0 <= seconds <= _FAR_SECONDS:
                raise QueryError(f"{name} must be seconds between 0 and {_FAR_SECONDS}")
        if self.idle_for is not None and not 0 < self.idle_for <= MOST_IDLE_SECONDS:
            raise QueryError(f"idle_for must be seconds, more than 0 and at most {MOST_IDLE_SECONDS}")
        if self.idle_cpu_below is not None and self.idle_for is None:
            raise QueryError("idle_cpu_below goes with idle_for: idle for how long?")
        for name in ("created_since", "created_until", "ended_since", "ended_until"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise QueryError(f"{name} must name its zone, as in 2026-11-28T12:00:00Z")
        several = (self.template, self.owner, self.environment, self.reason, self.cause)
        words = [word for given in several for word in any_of(given)]
        texts = [self.account, self.q, *words, *self.metadata.values()]
        if any("\0" in text for text in [*texts, *self.metadata] if text):
            raise QueryError("text with a NUL character is found nowhere")

    @property
    def by(self) -> str:
        """The field it is ordered by."""
        return self.order.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.order.startswith("-")


def any_of(given: Words) -> list[str]:
    """The words of a filter that takes one or several; none for a filter that is not asked."""
    return [] if given is None else [given] if isinstance(given, str) else list(given)


def states_of(text: str) -> tuple[str, ...]:
    """`running,paused` or `all` as the states asked for. Raises QueryError for an unknown word."""
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    if words == ("all",):
        return STATES
    if not set(words) <= set(STATES):
        raise QueryError(f"state must be some of {', '.join(STATES)}, or all")
    return words
