"""What is asked of the fleet to see who needs somebody, and what such a need says. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Need:
    """A sentence whose parts are plain or bold, its cause or cost, and where to act; `urgency` sorts, 0 first.

    `due` ends the sentence with when a policy acts, which the page counts down.
    """

    mark: str
    parts: Sequence[tuple[str, bool]]
    cause: str
    link: str
    label: str
    urgency: int
    due: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """What is asked of the fleet; counts over the accounts in sight, money in USD an hour."""

    now: datetime
    running: int = 0
    cap: int | None = None
    started_per_minute: float = 0
    ended_per_minute: float = 0
    in_grace: int = 0
    orphans: int = 0
    orphan_usd_per_hour: float = 0
    orphan_where: str = ""
    first_act_at: datetime | None = None
    over_memory: int = 0
    over_memory_where: str = ""
    no_sample: int = 0
    no_metrics: Sequence[str] = field(default=())  # accounts whose backend has no such calls
    empty_metrics: Sequence[str] = field(default=())  # those whose backend has them, and no samples for minutes
    no_sample_where: str = ""
    stale_since: datetime | None = None
    poll_error: str = ""
    unlisted: Sequence[tuple[str, datetime | None, str]] = field(default=())  # account, last whole list, why
    rounds_failing: Sequence[tuple[str, str, datetime, str]] = field(default=())  # account, round, since, why
    polls_slow: Sequence[tuple[str, float, float]] = field(default=())  # account, seconds, interval
    webhooks_silent: Sequence[tuple[str, datetime]] = field(default=())  # account, last delivery
    webhooks_locked: Sequence[str] = field(default=())  # accounts whose webhook secret can't be decrypted
    breakers: Sequence[tuple[str, str]] = field(default=())  # policy, why
    brakes: Sequence[tuple[str, str]] = field(default=())  # account, why
    list_doubts: Sequence[tuple[str, str, int, str]] = field(default=())  # account, what, how often, example
    same_fleets: Sequence[tuple[str, str]] = field(default=())  # account, the one that counts for both
    failed_actions: int = 0
    disk_free: int | None = None  # bytes, where little is left
    from_the_future: Sequence[tuple[str, int]] = field(default=())  # account, events
