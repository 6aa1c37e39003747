"""What arrives at the inbox, and what became of it."""

from datetime import datetime
from typing import Any

import msgspec

from events.wire import Event


class Parked(msgspec.Struct, frozen=True):
    """A signed delivery that we cannot read: why, and all of it."""

    reason: str
    event_id: str
    headers: dict[str, str]
    body: bytes


class Arrival(msgspec.Struct, frozen=True):
    """One event (or what should have been one) for an account, brought by `webhook`, `reconcile` or `observed`."""

    account_id: int
    source: str
    received_at: datetime
    event: Event | None = None
    parked: Parked | None = None

    def set_aside(self, reason: str) -> "Arrival":
        """The same arrival, parked for `reason` with its event as the body."""
        assert self.event is not None
        parked = Parked(reason[:2000], str(self.event.id), {}, msgspec.json.encode(self.event.raw))
        return msgspec.structs.replace(self, event=None, parked=parked)


class Stored(msgspec.Struct):
    """How many events were new, how many were held already, and what to publish for each account."""

    new: int = 0
    held: int = 0
    parked: int = 0
    changes: dict[int, dict[str, list[dict[str, Any]]]] = {}

    def __iadd__(self, other: "Stored") -> "Stored":
        self.new, self.held, self.parked = self.new + other.new, self.held + other.held, self.parked + other.parked
        for account, body in other.changes.items():
            mine = self.changes.setdefault(account, {"sandboxes": [], "events": []})
            for name, items in body.items():
                mine[name].extend(items)
        return self
