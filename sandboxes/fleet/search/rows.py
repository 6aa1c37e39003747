"""A sandbox as the list, the pages and REST show it: exactly the fields of the REST contract, and our key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from sandboxes.base.naming import template_shown

Row = TypeVar("Row")
ActorKind = Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["user", "token", "policy"]})]


class Actor(msgspec.Struct, frozen=True):
    """Who did it, and its name."""

    kind: ActorKind
    name: str


class EndedBy(msgspec.Struct, frozen=True):
    """The action of ours that ended it."""

    action_id: int
    actor: Actor


class LeaseState(msgspec.Struct, frozen=True):
    """The lease that holds longest, else the one that ended last."""

    key: str
    expires_at: datetime
    state: Literal["live", "expired"]


class OrphanReason(msgspec.Struct, frozen=True):
    """Why a policy holds it for an orphan."""

    policy: str
    rule: str
    evidence: Any


class Orphan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the enabled policies say of it, dry runs too; `act_at` only while it is marked."""

    is_orphan: bool
    state: Literal["none", "candidate", "marked", "condemned"]
    reasons: list[OrphanReason]
    act_at: datetime | None = None


NO_ORPHAN = Orphan(is_orphan=False, state="none", reasons=[])


class Protection(msgspec.Struct, frozen=True):
    """Held from every policy until `until`, or for good."""

    until: datetime | None
    reason: str
    by: str


class SandboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One sandbox. Times in UTC, sizes in bytes unless named `_mb`, percent 0 to 100, money in USD (6 decimals).

    `key` is the primary key that live frames name it by.
    """

    key: int
    id: str
    account: str
    template_id: str
    template_name: str | None
    alias: str | None
    state: Literal["running", "paused", "unknown", "ended"]
    backend_state: str | None
    created_at: datetime
    started_at: datetime
    end_at: datetime | None
    paused_at: datetime | None
    deletes_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    ended_by: EndedBy | None
    probable_cause: dict[str, Any] | None
    cpu_count: int | float | None
    memory_mb: int | None
    disk_mb: int | None
    metadata: dict[str, str]
    owner: str | None
    environment: str | None
    lease: LeaseState | None
    cpu_pct: float | None
    mem_used: int | None
    mem_total: int | None
    disk_used: int | None
    disk_total: int | None
    sampled_at: datetime | None
    cost_usd: float
    burn_usd_per_hour: float
    orphan: Orphan
    protected: Protection | None
    first_seen_at: datetime
    last_seen_at: datetime

    @property
    def template_shown(self) -> str:
        """What its template is called where one word stands for it."""
        return template_shown(self.template_name, self.alias, self.template_id)


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """A page of a list: `next` leads to the one after it, None at the end; `total` counts all that match."""

    items: Sequence[Row]
    next: str | None
    total: int
