"""The journal of lifecycle events: written once, read newest first or by sandbox, kept for seven days."""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from random import Random
from typing import Literal

import msgspec

from simulator import ids, rfc3339
from simulator.sandbox import Sandbox

Kind = Literal["created", "updated", "paused", "resumed", "killed", "checkpointed"]

PREFIX = "sandbox.lifecycle."
LABELS: dict[str, str] = {
    "created": "create",
    "updated": "update",
    "paused": "pause",
    "resumed": "resume",
    "killed": "kill",
    "checkpointed": "checkpoint",
}
KEPT_DAYS = 7
_KEPT_SECONDS = KEPT_DAYS * 86_400
# A bound on memory, about half a kilobyte each: a big fleet's journal goes back less far than seven days.
_KEPT_EVENTS = 250_000

Data = dict[str, object]


class Event(msgspec.Struct, frozen=True, gc=False):
    """One lifecycle event, before it takes the shape of the REST answer or of a webhook's body."""

    id: str
    kind: Kind
    at: float
    sandbox_id: str
    execution_id: str
    template_id: str
    build_id: str
    data: Data | None

    @property
    def type(self) -> str:
        return PREFIX + self.kind


class Journal:
    """All events of the team; whoever listens hears each as it happens."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(f"{seed}:events")
        self._events: deque[Event] = deque()
        self._by_sandbox: defaultdict[str, deque[Event]] = defaultdict(deque)
        self.listeners: list[Callable[[Event], None]] = []
        self.suppressed: set[str] = set()

    def __len__(self) -> int:
        return len(self._events)

    def write(self, kind: Kind, at: float, sandbox: Sandbox, **extra: object) -> None:
        """Note that `kind` happened to the sandbox's current run, unless a test suppresses this kind."""
        event = Event(
            id=ids.uuid4(self._chance),
            kind=kind,
            at=at,
            sandbox_id=sandbox.id,
            execution_id=sandbox.run.execution_id,
            template_id=sandbox.template.id,
            build_id=sandbox.template.build_id,
            data=_data(sandbox, extra),
        )
        if kind in self.suppressed or event.type in self.suppressed:
            return
        self._events.append(event)
        self._by_sandbox[sandbox.id].append(event)
        self._forget(at)
        for listener in self.listeners:
            listener(event)

    def page(
        self, sandbox_id: str | None, types: Collection[str], *, oldest_first: bool, offset: int, limit: int
    ) -> list[Event]:
        """The events of one sandbox, or of all when it is None, of the given full types (none given: all)."""
        held = self._events if sandbox_id is None else self._by_sandbox.get(sandbox_id, deque())
        ordered: Iterator[Event] = iter(held) if oldest_first else reversed(held)
        if types:
            ordered = (event for event in ordered if event.type in types)
        return list(islice(ordered, offset, offset + limit))

    def _forget(self, now: float) -> None:
        while self._events and (len(self._events) > _KEPT_EVENTS or self._events[0].at < now - _KEPT_SECONDS):
            old = self._events.popleft()
            of_sandbox = self._by_sandbox[old.sandbox_id]
            of_sandbox.popleft()
            if not of_sandbox:
                del self._by_sandbox[old.sandbox_id]


def execution(sandbox: Sandbox, at: float) -> Data:
    """The run that ends at `at`, as `killed` and `paused` carry it; its time is in milliseconds."""
    return {
        "started_at": rfc3339.text(sandbox.started),
        "vcpu_count": sandbox.template.cpu_count,
        "memory_mb": sandbox.template.memory_mb,
        "execution_time": max(0, round((at - sandbox.started) * 1000)),
    }


def _data(sandbox: Sandbox, extra: Data) -> Data | None:
    data: Data = {"sandbox_metadata": sandbox.metadata} if sandbox.metadata else {}
    data.update(extra)
    return data or None
