"""When a channel has had enough: what follows six messages in ten minutes is gathered into one digest. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MOST: Final = 6
WINDOW: Final = timedelta(minutes=10)
MOST_IN_ONE: Final = 200
# People read these. Webhooks and PagerDuty are read by programs, which need each message under its own ID.
READ_BY_PEOPLE: Final = frozenset({"email", "slack", "apprise"})


@dataclass(frozen=True)
class Waiting:
    """A delivery that waits: what it is about, whether it may be tried now, and of which digest it is a line."""

    key: int
    subject: str
    type: str
    cause: str
    critical: bool = False
    is_due: bool = True
    was_held: bool = False
    digest: object = None


@dataclass(frozen=True)
class Told:
    """A message that arrived on the channel: when, and the types and causes that it told of."""

    at: datetime
    what: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Choice:
    """What is sent now, as one message; and what is held until `until`, when the channel may be written to again."""

    now: Sequence[int] = ()
    as_digest: bool = False
    hold: Sequence[int] = ()
    until: datetime | None = None


def choose(kind: str, waiting: Sequence[Waiting], told: Sequence[Told], now: datetime) -> Choice:
    """What a channel of `kind` is sent next, of all that waits there in order; nothing where nothing is due.

    What is about one subject keeps its order: the second waits for the first. A digest that was begun is sent again as
    it was.
    """
    ready = _ready(waiting)
    if not ready:
        return Choice()
    begun = next((one.digest for one in ready if one.digest is not None), None)
    if begun is not None:
        return Choice([one.key for one in waiting if one.digest == begun], as_digest=True)
    recent = [one for one in told if one.at > now - WINDOW]
    if kind not in READ_BY_PEOPLE or len(recent) < MOST:
        return _next_one(kind, ready)
    known = frozenset[tuple[str, str]]().union(*(one.what for one in recent))
    if urgent := next((one for one in _firsts(ready) if one.critical and (one.type, one.cause) not in known), None):
        return Choice([urgent.key])
    return Choice(hold=[one.key for one in ready], until=sorted(one.at for one in recent)[-MOST] + WINDOW)


def _next_one(kind: str, ready: Sequence[Waiting]) -> Choice:
    """The oldest; where it was held back, all that are ready, in one."""
    if kind in READ_BY_PEOPLE and ready[0].was_held and len(ready) > 1:
        return Choice([one.key for one in ready[:MOST_IN_ONE]], as_digest=True)
    return Choice([ready[0].key])


def _ready(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Those that are due, without those behind one of their subject that is not."""
    blocked: set[str] = set()
    found = []
    for one in waiting:
        if one.is_due and one.subject not in blocked:
            found.append(one)
        else:
            blocked.add(one.subject)
    return found


def _firsts(ready: Iterable[Waiting]) -> list[Waiting]:
    """Of each subject the first."""
    found: dict[str, Waiting] = {}
    for one in ready:
        found.setdefault(one.subject, one)
    return list(found.values())
