"""What stands beside the table: the ready-made views, and the values to filter by as far as the filter leaves them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.sandboxes import queries
from dashboard.sandboxes.filters import ENDED, METADATA, PAGING, SEVERAL, joined, query_of, several, with_
from dashboard.ui.endings import filter_word
from sandboxes.core import database
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.search import LIVE, SandboxQuery, count, count_by, count_by_key, settled

MOST_VALUES: Final = 8
MOST_LISTED: Final = 300  # behind "more", to be searched
MOST_KEYS: Final = 3
SAMPLE_ROWS: Final = 1000
VIEWS: Final[tuple[tuple[str, str, dict[str, str], SandboxQuery], ...]] = (
    (gettext_noop("All"), "live", {}, SandboxQuery()),
    (gettext_noop("Running"), "running", {"state": "running"}, SandboxQuery(states=("running",))),
    (gettext_noop("Paused"), "paused", {"state": "paused"}, SandboxQuery(states=("paused",))),
    (gettext_noop("Orphans"), "orphans", {"orphan": "true"}, SandboxQuery(orphan=True)),
    (gettext_noop("Hot, over 80%"), "hot", {"cpu_min": "80"}, SandboxQuery(cpu_min=80)),
    (gettext_noop("Ends within 5 min"), "soon", {"ends_within": "300"}, SandboxQuery(ends_within=300)),
    (gettext_noop("Past its end"), "", {"past_end": "60"}, SandboxQuery(past_end=60)),
    (gettext_noop("Protected"), "", {"protected": "true"}, SandboxQuery(protected=True)),
    (gettext_noop("Ended"), "", {"state": "ended"}, SandboxQuery(states=("ended",))),
)
FLAGS: Final = (
    ("orphan", gettext_noop("orphan"), "orph"),
    ("no_sample", gettext_noop("no sample"), "stale"),
    ("protected", gettext_noop("protected"), "shield"),
)
MARKS: Final = {"running": "run", "paused": "pause", "unknown": "stale"}
ENDED_TITLES: Final = {"reason": gettext_noop("Reason"), "cause": gettext_noop("Probable cause")}
TITLES: Final = {
    "environment": gettext_noop("Environment"),
    "template": gettext_noop("Template"),
    "owner": gettext_noop("Owner"),
}
ALL_TITLES: Final = ENDED_TITLES | TITLES


@dataclass(frozen=True)
class View:
    """A ready-made filter; `live` names the figure by which the socket keeps its count fresh."""

    name: str
    live: str
    link: str
    count: int
    current: bool


@dataclass(frozen=True)
class Value:
    """One value of a facet, how many it would leave, the address with it chosen or given up; `extra`: behind "more"."""

    word: str
    mark: str
    count: int
    link: str
    chosen: bool
    of: str = ""
    extra: bool = False

    @property
    def shown(self) -> str:
        """As people say it."""
        return filter_word(self.of, self.word)


def views(asked: Mapping[str, str], now: datetime) -> list[View]:
    """All views; the one whose filters are exactly the address's is current."""
    kept = {name: asked[name] for name in ("order", "cols") if asked.get(name)}
    filtered = {name: asked[name] for name in asked if name not in {*PAGING, "order", "cols"} and asked[name]}
    return [
        View(_(name), live, with_({}, **given, **kept), count(query, now=now), given == filtered)
        for name, live, given, query in VIEWS
    ]


def facets(asked: Mapping[str, str], now: datetime) -> list[tuple[str, list[Value]]]:
    """The values to filter by, the commonest first, each with how many the other filters leave of it.

    A facet does not count under its own filter: what else could be chosen there is seen. The ended have their reason
    and probable cause in the place of states.
    """
    query = settled(query_of(asked, now), now)
    names = [*(ENDED_TITLES if query.states == ENDED else ()), *TITLES]
    counted = _counted(query, names, now)
    states = [] if query.states == ENDED else [*_states(asked, counted["state"]), *_flags(asked, query, now)]
    found = [(_("State"), states)] if states else []
    found += [(_(ALL_TITLES[name]), _values(asked, name, counted[name])) for name in names if counted[name]]
    keys = [(key, _top(query, key, now)) for key in _candidates()]
    known = [set(counted[name]) for name in ("owner", "environment")]
    fresh = [(key, top) for key, top in keys if top and not any({value for value, _n in top} <= had for had in known)]
    return found + [(f"metadata.{key}", _of_key(asked, key, top)) for key, top in fresh[:MOST_KEYS]]


def _counted(query: SandboxQuery, names: Sequence[str], now: datetime) -> dict[str, Counter[str]]:
    """By facet, how many have each value: together for those that are not filtered by, alone for each that is."""
    free = [name for name in names if getattr(query, name) is None]
    is_live = query.states == LIVE
    together = [*free, "state"] if is_live else free
    counted: dict[str, Counter[str]] = {name: Counter() for name in (*names, "state")}
    if together:
        for *values, n in count_by(query, together, now=now):
            for name, value in zip(together, values, strict=True):
                if value:
                    counted[name][value] += n
    alone = [name for name in names if name not in free] + ([] if is_live or query.states == ENDED else ["state"])
    for name in alone:
        changes: dict[str, Any] = {"states": LIVE} if name == "state" else {name: None}
        others = replace(query, **changes)
        counted[name].update({value: n for value, n in count_by(others, [name], now=now) if value})
    return counted


def metadata_keys() -> list[str]:
    """The commonest keys of the live fleet's metadata, 50 at most."""
    return [key for (key,) in _rows(queries.KEYS)]


def _candidates() -> list[str]:
    """The keys that could make a facet: with fewer values than sandboxes."""
    return [key for (key,) in _rows(queries.WORTH, values=MOST_VALUES)]


def _top(query: SandboxQuery, key: str, now: datetime) -> list[tuple[str, int]]:
    """The commonest values of a key among those that all other filters leave."""
    others = {name: value for name, value in query.metadata.items() if name != key}
    return count_by_key(replace(query, metadata=others), key, most=MOST_VALUES, now=now)


def _of_key(asked: Mapping[str, str], key: str, found: Sequence[tuple[str, int]]) -> list[Value]:
    name = METADATA + key
    chosen = asked.get(name)
    if chosen and chosen not in dict(found):
        found = [*found, (chosen, 0)]
    return [
        Value(word, "", n, with_(asked, **{name: None if word == chosen else word}), word == chosen)
        for word, n in found
        if word
    ]


def _states(asked: Mapping[str, str], found: Counter[str]) -> list[Value]:
    """All chosen is the same as none: all that live. A state that nobody is in is offered only where it is chosen."""
    chosen = set(several(asked.get("state", "")))
    offered = [word for word in LIVE if word != "unknown" or found[word] or word in chosen]
    values = []
    for word in offered:
        then = chosen ^ {word}
        given = None if not then or then == set(offered) else joined(sorted(then))
        values.append(Value(word, MARKS[word], found[word], with_(asked, state=given), word in chosen))
    return values


def _flags(asked: Mapping[str, str], query: SandboxQuery, now: datetime) -> list[Value]:
    on: dict[str, dict[str, Any]] = {name: {name: True} for name, *_rest in FLAGS}
    chosen = {name: asked.get(name, "").lower() in {"true", "1"} for name, *_rest in FLAGS}
    return [
        Value(
            _(word),
            mark,
            count(replace(query, **on[name]), now=now),
            with_(asked, **{name: None if chosen[name] else "true"}),
            chosen[name],
        )
        for name, word, mark in FLAGS
    ]


def _values(asked: Mapping[str, str], name: str, found: Counter[str]) -> list[Value]:
    """Several may be chosen: any of them is meant. The commonest come first, then those chosen, then the others."""
    chosen = several(asked.get(name, "")) if name in SEVERAL else ()
    common = [word for word, _ in found.most_common(MOST_LISTED)]
    first = [*common[:MOST_VALUES], *(word for word in chosen if word not in common[:MOST_VALUES])]
    shown = [*first, *(word for word in common if word not in first)]
    return [
        Value(
            word, "", found[word], with_(asked, **{name: joined(_turned(chosen, word)) or None}),
            chosen=word in chosen, of=name, extra=place >= len(first),
        )
        for place, word in enumerate(shown)
    ]  # fmt: skip


def _turned(chosen: Sequence[str], word: str) -> list[str]:
    """With the word, or without it when it was there."""
    return [one for one in chosen if one != word] if word in chosen else [*chosen, word]


def _rows(statement: str, **given: str | int) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = database.rows(
        statement, {"accounts": shown_account_ids(), "sample": SAMPLE_ROWS, **given}
    )
    return rows
