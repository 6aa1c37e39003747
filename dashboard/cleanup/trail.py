"""The audit trail as people read it: what was asked for at once is one entry, with what came of each of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from sandboxes.models import Action

ENTRIES: Final = 100
LOOKED_THROUGH: Final = 2000
LISTED: Final = 50
TOGETHER_SECONDS: Final = 15  # what a policy asks for in one round


@dataclass(frozen=True)
class Entry:
    """One action, or those of one bulk request or of one policy's round: `actions` are the first LISTED of `count`."""

    actions: Sequence[Action]
    count: int
    states: Sequence[tuple[str, int]]

    @property
    def first(self) -> Action:
        return self.actions[0]

    @property
    def at(self) -> datetime:
        return self.first.requested_at

    @property
    def is_group(self) -> bool:
        return self.count > 1

    @property
    def rest(self) -> int:
        """How many are not listed."""
        return self.count - len(self.actions)

    @property
    def templates(self) -> str:
        """The commonest two."""
        named = Counter(action.sandbox.template_shown for action in self.actions).most_common()
        shown = ", ".join(name for name, _n in named[:2])
        return _("%(names)s and more") % {"names": shown} if len(named) > 2 else shown


def entries(found: QuerySet[Action]) -> list[Entry]:
    """At most ENTRIES of these actions, which come newest first. Bulk requests are counted whole, however large."""
    together: dict[object, list[Action]] = {}
    for action in found[:LOOKED_THROUGH]:
        together.setdefault(_together(action), []).append(action)
        if len(together) > ENTRIES:
            together.popitem()
            break
    whole = _whole(found, (key for key in together if isinstance(key, UUID)))
    return [_entry(key, actions, whole) for key, actions in together.items()]


def _together(action: Action) -> object:
    if action.bulk_id is not None:
        return action.bulk_id
    if action.actor_kind == "policy":
        moment = int(action.requested_at.timestamp()) // TOGETHER_SECONDS
        return action.kind, action.actor_name, action.policy_version, moment
    return action.pk


def _entry(key: object, actions: list[Action], whole: dict[UUID, Counter[str]]) -> Entry:
    states = whole[key] if isinstance(key, UUID) else Counter(action.state for action in actions)
    return Entry(actions[:LISTED], sum(states.values()), states.most_common())


def _whole(found: QuerySet[Action], bulks: Iterable[UUID]) -> dict[UUID, Counter[str]]:
    """How many of each bulk request are in which state; a filter by state holds for them too."""
    counts: dict[UUID, Counter[str]] = {}
    rows = found.filter(bulk_id__in=list(bulks)).order_by().values_list("bulk_id", "state").annotate(n=Count("pk"))
    for bulk, state, n in rows:
        if bulk is not None:
            counts.setdefault(bulk, Counter())[state] = n
    return counts
