"""The address of the Events page as a query, and the query as tokens and links."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.sandboxes.filters import AGO, MOST_SECONDS, Token, moment_of, number, several, with_
from dashboard.ui import formats
from events.listing import EventQuery
from events.retention import EVENTS_KEPT
from sandboxes.fleet.search import QueryError

NAMES: Final = ("type", "source", "account", "owner", "template", "sandbox", "text", "since", "until", "last")
RANGES: Final = (("15m", "15 min"), ("1h", "1 h"), ("24h", "24 h"), ("7d", "7 d"))
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "type": (gettext_noop("type"), gettext_noop("is")),
    "source": (gettext_noop("source"), gettext_noop("is")),
    "account": (gettext_noop("account"), gettext_noop("is")),
    "owner": (gettext_noop("owner"), gettext_noop("is")),
    "template": (gettext_noop("template"), gettext_noop("is")),
    "sandbox": (gettext_noop("sandbox"), gettext_noop("is")),
    "text": (gettext_noop("text"), gettext_noop("contains")),
    "since": (gettext_noop("time"), gettext_noop("from")),
    "until": (gettext_noop("time"), gettext_noop("until")),
    "last": (gettext_noop("time"), gettext_noop("last")),
}
CHARTED: Final = timedelta(hours=1)  # where the address names no start


@dataclass(frozen=True)
class Asked:
    """What the address asks for: the query, and the time that the chart shows, which always has a start and an end."""

    query: EventQuery
    start: datetime
    end: datetime

    @property
    def over(self) -> bool:
        """Whether its time has an end, so that nothing new belongs to it."""
        return self.query.until is not None


def asked_of(given: Mapping[str, str]) -> dict[str, str]:
    """The filters of the address, in its order; paging and what is unknown are left out."""
    return {name: given[name].strip() for name in given if name in NAMES and given[name].strip()}


def query_of(asked: Mapping[str, str], now: datetime) -> Asked:
    """Raises QueryError, naming what makes no sense."""
    since, until = _times(asked, now)
    for name in ("type", "owner", "template"):
        if asked.get(name) and not several(asked[name]):
            raise QueryError(f"{name} names none")
    query = EventQuery(
        type=asked.get("type"), source=asked.get("source"), account=asked.get("account"), sandbox=asked.get("sandbox"),
        owner=several(asked.get("owner", "")), template=several(asked.get("template", "")), text=asked.get("text"),
        since=since, until=until,
    )  # fmt: skip
    end = now if until is None else min(until, now)
    start = end - CHARTED if since is None else max(since, now - EVENTS_KEPT)
    return Asked(query, min(start, end), end)


def tokens(asked: Mapping[str, str]) -> list[Token]:
    """The filters in force, in the order of the address: those that make no sense too, so that they can be removed."""
    return [
        Token(_(WORDS[name][0]), _(WORDS[name][1]), _value(name, value), without=with_(asked, **{name: None}))
        for name, value in asked.items()
    ]


def words_of(asked: Mapping[str, str]) -> list[str]:
    """The filters in a few words each, for a file's name: `killed`, `last 1 h`."""
    times = {"since": "from", "until": "until", "last": "last"}
    return [f"{times[name]} {_value(name, value)}" if name in times else value for name, value in asked.items()]


def _value(name: str, value: str) -> str:
    if name in {"type", "owner", "template"}:
        return _(" or ").join(several(value))
    try:
        if name == "last":
            return formats.span(number(name, value))
        if name in {"since", "until"} and not AGO.fullmatch(value):
            return f"{moment_of(name, value, timezone.now()):%d %b %H:%M:%S} UTC"
    except QueryError:
        return value
    return value


def _times(asked: Mapping[str, str], now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when, and until when; None where there is no bound."""
    since, until, last = (asked.get(name) for name in ("since", "until", "last"))
    if last and (since or until):
        raise QueryError("last cannot be combined with since or until")
    if last:
        return now - timedelta(seconds=_length(last)), None
    start, end = (moment_of(name, text, now) if text else None for name, text in (("since", since), ("until", until)))
    if start and end and start >= end:
        raise QueryError("since must be before until")
    return start, end


def _length(text: str) -> float:
    """Seconds of a `last`."""
    try:
        seconds = number("last", text)
    except QueryError:
        seconds = 0
    if not 0 < seconds <= MOST_SECONDS:
        raise QueryError(f"last must be a duration of up to 366d, such as 1h, not {text!r}")
    return seconds
