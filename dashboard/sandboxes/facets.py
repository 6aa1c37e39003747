"""What stands beside the table: the ready-made views and the values to filter by, each with its count."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.sandboxes import queries
from dashboard.sandboxes.filters import METADATA, PAGING, SEVERAL, joined, several, with_
from sandboxes.core import database
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.search import LIVE, SandboxQuery, count
from sandboxes.models import Sandbox

MOST_VALUES: Final = 8
MOST_KEYS: Final = 3
SAMPLE_ROWS: Final = 1000
VIEWS: Final[tuple[tuple[str, str, dict[str, str], SandboxQuery], ...]] = (
    (gettext_noop("All"), "live", {}, SandboxQuery()),
    (gettext_noop("Running"), "running", {"state": "running"}, SandboxQuery(states=("running",))),
    (gettext_noop("Paused"), "paused", {"state": "paused"}, SandboxQuery(states=("paused",))),
    (gettext_noop("Orphans"), "orphans", {"orphan": "true"}, SandboxQuery(orphan=True)),
    (gettext_noop("Hot, over 80%"), "hot", {"cpu_min": "80"}, SandboxQuery(cpu_min=80)),
    (gettext_noop("Ends within 5 min"), "soon", {"ends_within": "300"}, SandboxQuery(ends_within=300)),
    (gettext_noop("Protected"), "", {"protected": "true"}, SandboxQuery(protected=True)),
    (gettext_noop("Ended"), "", {"state": "ended"}, SandboxQuery(states=("ended",))),
)
FLAGS: Final = (
    ("orphan", gettext_noop("orphan"), "orph", SandboxQuery(orphan=True)),
    ("no_sample", gettext_noop("no sample"), "stale", SandboxQuery(no_sample=True)),
    ("protected", gettext_noop("protected"), "shield", SandboxQuery(protected=True)),
)
MARKS: Final = {"running": "run", "paused": "pause", "unknown": "stale"}
TITLES: Final = {
    "environment": gettext_noop("Environment"),
    "template": gettext_noop("Template"),
    "owner": gettext_noop("Owner"),
}


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
    """One value of a facet, its share of the live fleet, and the address with it chosen or given up."""

    word: str
    mark: str
    count: int
    link: str
    chosen: bool


def views(asked: Mapping[str, str], now: datetime) -> list[View]:
    """All views; the one whose filters are exactly the address's is current."""
    kept = {name: asked[name] for name in ("order", "cols") if asked.get(name)}
    filtered = {name: asked[name] for name in asked if name not in {*PAGING, "order", "cols"} and asked[name]}
    return [
        View(_(name), live, with_({}, **given, **kept), count(query, now=now), given == filtered)
        for name, live, given, query in VIEWS
    ]


def facets(asked: Mapping[str, str], now: datetime) -> list[tuple[str, list[Value]]]:
    """State, environment, template, owner and metadata of the live fleet, the commonest values first."""
    alive = Sandbox.objects.filter(account__in=shown_account_ids()).exclude(state="ended")
    rows = alive.values_list("state", "environment", "template_shown", "owner").annotate(n=Count("id"))
    counted: dict[str, Counter[str]] = {name: Counter() for name in ("state", *TITLES)}
    for state, environment, template, owner, n in rows:
        named = {"state": state, "environment": environment, "template": template, "owner": owner}
        for name, value in named.items():
            if value:
                counted[name][value] += n
    found = [(_("State"), [*_states(asked, counted["state"]), *_flags(asked, now)])]
    found += [(_(title), _values(asked, name, counted[name])) for name, title in TITLES.items() if counted[name]]
    return found + [(f"metadata.{key}", _of_key(asked, key)) for key in _worth_a_facet(counted)]


def metadata_keys() -> list[str]:
    """The commonest keys of the live fleet's metadata, 50 at most."""
    return [key for (key,) in _rows(queries.KEYS)]


def _worth_a_facet(counted: Mapping[str, Counter[str]]) -> list[str]:
    """Those whose values are not already there as owner or environment."""
    known = [set(counted[name]) for name in ("owner", "environment")]
    keys = [key for (key,) in _rows(queries.WORTH, values=MOST_VALUES)]
    fresh = [key for key in keys if not any({value for value, _ in _top(key)} <= values for values in known)]
    return fresh[:MOST_KEYS]


def _of_key(asked: Mapping[str, str], key: str) -> list[Value]:
    name = METADATA + key
    found, chosen = _top(key), asked.get(name)
    if chosen and chosen not in dict(found):
        found = [*found, (chosen, 0)]
    return [
        Value(word, "", n, with_(asked, **{name: None if word == chosen else word}), word == chosen)
        for word, n in found
        if word
    ]


def _top(key: str) -> list[tuple[str, int]]:
    return [(value, n) for value, n in _rows(queries.VALUES, key=key, values=MOST_VALUES)]


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


def _flags(asked: Mapping[str, str], now: datetime) -> list[Value]:
    chosen = {name: asked.get(name, "").lower() in {"true", "1"} for name, *_rest in FLAGS}
    return [
        Value(
            _(word), mark, count(query, now=now), with_(asked, **{name: None if chosen[name] else "true"}), chosen[name]
        )
        for name, word, mark, query in FLAGS
    ]


def _values(asked: Mapping[str, str], name: str, found: Counter[str]) -> list[Value]:
    """Several may be chosen: any of them is meant."""
    chosen = several(asked.get(name, "")) if name in SEVERAL else ()
    shown = [word for word, _ in found.most_common(MOST_VALUES)]
    shown += [word for word in chosen if word not in shown]
    return [
        Value(word, "", found[word], with_(asked, **{name: joined(_turned(chosen, word)) or None}), word in chosen)
        for word in shown
    ]


def _turned(chosen: Sequence[str], word: str) -> list[str]:
    """With the word, or without it when it was there."""
    return [one for one in chosen if one != word] if word in chosen else [*chosen, word]


def _rows(statement: str, **given: str | int) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = database.rows(
        statement, {"accounts": shown_account_ids(), "sample": SAMPLE_ROWS, **given}
    )
    return rows
