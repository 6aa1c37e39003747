"""What is known of one sandbox when it is judged: plain, frozen data, whoever gathered it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sandboxes.base.clock import BackendTime
from sandboxes.policies.keep import KEEP, Keep


@dataclass(frozen=True, slots=True)
class LeaseHeld:
    """A live lease that covers it; its end, by our clock, is shown and never compared: a lease ends in `leases`."""

    key: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Protection:
    """A person's word that it stays: `until` None means for good."""

    by: str
    reason: str
    until: BackendTime | None = None


@dataclass(frozen=True, slots=True)
class CpuWindow:
    """Its CPU samples from `since` to `until`, in percent; the gap counts the window's edges too."""

    since: BackendTime
    until: BackendTime
    samples: int
    cpu_max_pct: float
    largest_gap_seconds: float


@dataclass(frozen=True, slots=True)
class DuplicatePlace:
    """Its place among sandboxes of one account with the same values of `keys`: 1 is the newest."""

    keys: tuple[str, ...]
    rank: int
    alive: int


@dataclass(frozen=True, slots=True)
class LimitPlace:
    """How its group stands against a limit: `running` of `most`.

    Where that is too many, `rank` is its place among those that run, by creation and then ID: 1 is the oldest. None
    where they are not too many, or it does not run.
    """

    limit: str
    value: str
    running: int
    most: int
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All times are on the backend's clock, those that begin on ours (first sight, leases, protection) too: converted.

    `cpu`, `duplicate` and `limit` are there only where a policy asks; `limit` only while its figures are fresh.

    `keep` is the metadata by which its account keeps sandboxes from every policy. `seen_running_at` is the latest
    statement of the backend that it runs. One that came back after its death, or whose ID is used again, is as old as
    its return: no time before that counts. Of `stored_keys` alone its account stores metadata (None: all): of another
    key nobody knows whether it is there.
    """

    sandbox_id: str
    account: str
    state: Literal["running", "paused", "unknown", "ended"]
    template_id: str
    created_at: BackendTime
    started_at: BackendTime
    first_seen_at: BackendTime
    template_name: str | None = None
    end_at: BackendTime | None = None
    paused_at: BackendTime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    lease: LeaseHeld | None = None
    last_lease_ended_at: BackendTime | None = None
    protection: Protection | None = None
    cpu: CpuWindow | None = None
    duplicate: DuplicatePlace | None = None
    keep: Keep = KEEP
    seen_running_at: BackendTime | None = None
    stored_keys: frozenset[str] | None = None
    limit: LimitPlace | None = None
