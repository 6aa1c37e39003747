"""Our webhook as the backend sees it: small enough to lie on the account's health, old enough to say so."""

from datetime import datetime
from typing import Any

import msgspec

from sandboxes.models import AccountHealth


class Failure(msgspec.Struct, frozen=True):
    """One failed try: `status` is what we answered (None: no answer); `arrived` says that another try did."""

    at: datetime | None
    type: str
    sandbox_id: str
    status: int | None
    error: str
    arrived: bool

    @property
    def word(self) -> str:
        """The last word of the type."""
        return self.type.rpartition(".")[2]


class BackendView(msgspec.Struct, frozen=True, omit_defaults=True):
    """`total` and `failed` count tries of the last 24 h, `fetched` the events whose every try failed and that we read.

    `read_at` is when the backend was last asked with success, `error` why the latest question failed. `read_to` is how
    far its deliveries were looked through. `missing` means that it knows our webhook no more. After `quiet_at`, when
    it was disabled or deleted, what still comes is a late try and no sign of a webhook.
    """

    read_at: datetime | None = None
    error: str = ""
    missing: bool = False
    enabled: bool | None = None
    total: int = 0
    failed: int = 0
    average_ms: float = 0.0
    maximum_ms: float = 0.0
    failures: tuple[Failure, ...] = ()
    read_to: datetime | None = None
    fetched: int = 0
    fetched_at: datetime | None = None
    quiet_at: datetime | None = None

    @property
    def arrived_pct(self) -> float | None:
        """Tries of the last 24 h that we took, in percent; None when there was none."""
        return 100 * (self.total - self.failed) / self.total if self.total else None


def view_of(health: AccountHealth) -> BackendView:
    """What is on record; an empty view for what an older version wrote otherwise."""
    try:
        return msgspec.convert(health.webhook, BackendView)
    except msgspec.ValidationError:
        return BackendView()


def on_record(view: BackendView) -> dict[str, Any]:
    """As it is stored."""
    kept: dict[str, Any] = msgspec.to_builtins(view)
    return kept
