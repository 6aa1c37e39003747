"""What arrives at the inbox, and what became of it."""

from datetime import datetime
from typing import Any

import msgspec

from events.wire import Event
from events.writing.summaries import event_summary, sandbox_summary


class Parked(msgspec.Struct, frozen=True):
    """A signed delivery that we cannot read: why, and all of it."""

    reason: str
    event_id: str
    headers: dict[str, str]
    body: bytes


class Arrival(msgspec.Struct, frozen=True):
    """One event (or what should have been one) for an account, brought by `webhook`, `reconcile` or `observed`.

    `clock_offset_seconds` says from when on the event is dated ahead: what the backend's clock is ahead of ours, where
    whoever brought it has just measured that. An `observed` event has a stamp of ours, which is never ahead: for it,
    this is how far that stamp is from `received_at`.
    """

    account_id: int
    source: str
    received_at: datetime
    event: Event | None = None
    parked: Parked | None = None
    clock_offset_seconds: float | None = None

    def set_aside(self, reason: str) -> "Arrival":
        """The same arrival, parked for `reason` with its event as the body."""
        assert self.event is not None
        parked = Parked(reason[:2000], str(self.event.id), {}, msgspec.json.encode(self.event.raw))
        return msgspec.structs.replace(self, event=None, parked=parked)


class AccountGone(Exception):
    """An account was deleted while a batch with its events was written: nothing of the batch is kept."""


class Stored(msgspec.Struct):
    """How many events were new, how many were held already, how many set aside; and what there is to tell of it.

    `events` are (account, key, row, event); `sandboxes` are the changed ones, (key, row) by account and ID. What came
    for an account of `gone` (primary keys) was not written: the account was deleted after the arrival was accepted.
    """

    new: int = 0
    held: int = 0
    parked: int = 0
    events: list[tuple[int, int, dict[str, Any], Event]] = []
    sandboxes: dict[tuple[int, str], tuple[int, dict[str, Any]]] = {}
    gone: set[int] = set()

    def __iadd__(self, other: "Stored") -> "Stored":
        """With what was stored after it."""
        self.new, self.held, self.parked = self.new + other.new, self.held + other.held, self.parked + other.parked
        self.events += other.events
        self.sandboxes |= other.sandboxes
        self.gone |= other.gone
        return self

    def changes(self) -> dict[int, dict[str, list[dict[str, Any]]]]:
        """The body of the live message "change", for each account."""
        bodies: dict[int, dict[str, list[dict[str, Any]]]] = {}
        for account, key, row, event in self.events:
            body = bodies.setdefault(account, {"sandboxes": [], "events": []})
            body["events"].append(event_summary(key, row, event))
        for (account, sandbox_id), (key, row) in self.sandboxes.items():
            bodies[account]["sandboxes"].append(sandbox_summary(key, sandbox_id, row))
        return bodies
