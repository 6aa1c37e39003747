"""What waits in grace, put together as people decide on it: one policy, one template, one moment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from sandboxes.fleet.search import SandboxRow
from sandboxes.fleet.search.build import rows_of
from sandboxes.models import Action, Freeze

SHOWN: Final = 100  # rows; the rest is in the count, and in what a button stops
TOGETHER_SECONDS: Final = 15  # marks of one round of the reaper


@dataclass(frozen=True)
class Mark:
    """A mark and the sandbox as it is now."""

    action: Action
    row: SandboxRow


@dataclass(frozen=True)
class Group:
    """Marks that run out together; `left_pct` is how much of their grace is still to come."""

    kind: str
    policy: str
    template: str
    owners: str
    act_at: datetime
    left_pct: float
    usd_per_hour: float
    ids: Sequence[int]
    marks: Sequence[Mark]

    @property
    def count(self) -> int:
        return len(self.ids)


def groups(waiting: Sequence[Action], now: datetime, frozen: Freeze | None = None) -> list[Group]:
    """Soonest first; `waiting` as well, their sandboxes with them. While policies are frozen no grace grows shorter."""
    as_of = frozen.at if frozen else now
    rows = {row.key: row for row in rows_of([one.sandbox_id for one in waiting], now=now, as_of=now)}
    found: dict[tuple[str, str, str, int], list[Action]] = {}
    for one in waiting:
        found.setdefault(_together(one), []).append(one)
    made, room = [], SHOWN
    for together in found.values():
        made.append(_group(together, rows, room, as_of))
        room = max(0, room - len(together))
    return made


def _together(one: Action) -> tuple[str, str, str, int]:
    moment = round(one.act_at.timestamp() / TOGETHER_SECONDS) if one.act_at else 0
    return one.actor_name, one.kind, _template(one), moment


def _template(one: Action) -> str:
    name: str = one.sandbox.template_shown
    return name


def _group(together: Sequence[Action], rows: dict[int, SandboxRow], room: int, now: datetime) -> Group:
    first = together[0]
    act_at = first.act_at or now
    grace = (act_at - first.requested_at).total_seconds()
    left = (act_at - now).total_seconds()
    return Group(
        kind=first.kind,
        policy=first.actor_name,
        template=_template(first),
        owners=_some(rows[one.sandbox_id].owner for one in together if one.sandbox_id in rows),
        act_at=act_at,
        left_pct=100 * min(1.0, max(0.0, left / grace)) if grace > 0 else 0.0,
        usd_per_hour=sum(float(one.sandbox.burn_usd_per_hour) for one in together),
        ids=[one.pk for one in together],
        marks=[Mark(one, rows[one.sandbox_id]) for one in together[:room] if one.sandbox_id in rows],
    )


def _some(owners: Iterable[str | None]) -> str:
    """`team-a`, `team-a and team-b`, `team-a and 3 more`; empty when none is known."""
    names = sorted({name for name in owners if name})
    if len(names) > 2:
        return _("%(name)s and %(count)s more") % {"name": names[0], "count": len(names) - 1}
    return _(" and ").join(names)
