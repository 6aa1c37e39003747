"""What stands beside the table: the ready-made views and the values to filter by, each with its count."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count

from dashboard.filters import with_
from sandboxes.accounts import shown_account_ids
from sandboxes.models import Sandbox
from sandboxes.search import STATES, SandboxQuery, count

MOST_VALUES: Final = 8
VIEWS: Final[tuple[tuple[str, str, dict[str, str], SandboxQuery], ...]] = (
    ("All", "live", {}, SandboxQuery()),
    ("Running", "running", {"state": "running"}, SandboxQuery(states=("running",))),
    ("Paused", "paused", {"state": "paused"}, SandboxQuery(states=("paused",))),
    ("Orphans", "orphans", {"orphan": "true"}, SandboxQuery(orphan=True)),
    ("Hot, over 80 %", "hot", {"cpu_min": "80"}, SandboxQuery(cpu_min=80)),
    ("Ends within 5 min", "soon", {"ends_within": "300"}, SandboxQuery(ends_within=300)),
    ("Protected", "", {"protected": "true"}, SandboxQuery(protected=True)),
    ("Ended", "", {"state": "ended"}, SandboxQuery(states=("ended",))),
)


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
    filtered = {name: asked[name] for name in asked if name not in {"order", "cursor"} and asked[name]}
    order = {"order": asked["order"]} if asked.get("order") else {}
    return [
        View(name, live, with_({}, **given, **order), count(query, now=now), given == filtered)
        for name, live, given, query in VIEWS
    ]


def facets(asked: Mapping[str, str]) -> list[tuple[str, list[Value]]]:
    """State, environment, template and owner of the live fleet, the commonest first."""
    alive = Sandbox.objects.filter(account__in=shown_account_ids()).exclude(state="ended")
    rows = alive.values_list("state", "environment", "template_id", "template_name", "owner").annotate(n=Count("id"))
    counted: dict[str, Counter[str]] = {name: Counter() for name in ("state", "environment", "template", "owner")}
    for state, environment, template_id, template_name, owner, n in rows:
        named = {"state": state, "environment": environment, "template": template_name or template_id, "owner": owner}
        for name, value in named.items():
            if value:
                counted[name][value] += n
    titles = {"state": "State", "environment": "Environment", "template": "Template", "owner": "Owner"}
    return [(titles[name], _values(asked, name, found)) for name, found in counted.items() if found]


def _values(asked: Mapping[str, str], name: str, found: Counter[str]) -> list[Value]:
    chosen = asked.get(name)
    shown = [word for word, _ in found.most_common(MOST_VALUES)]
    if chosen and chosen not in shown and name != "state":
        shown.append(chosen)
    marks = {"running": "run", "paused": "pause"}
    return [
        Value(word, marks.get(word, "") if word in STATES else "", found[word],
              with_(asked, **{name: None if chosen == word else word}), chosen == word)
        for word in shown
    ]  # fmt: skip
