"""A preview as the page shows it: sentences, who and why, other limits, the acts hour by hour as bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from msgspec import UNSET

from dashboard.cleanup import hours
from dashboard.ui import formats
from dashboard.ui.signs import USED
from sandboxes.cleanup import whatif
from sandboxes.policies import PolicySpec
from sandboxes.policies.wording import limit

ROWS: Final = 10
VERBS: Final = {
    "kill": (gettext_noop("kill"), gettext_noop("killed")),
    "pause": (gettext_noop("pause"), gettext_noop("paused")),
    "notify": (gettext_noop("report"), gettext_noop("reported")),
}
FIELDS: Final = {
    "no_lease_for_seconds": gettext_noop("If no lease for"),
    "idle_for_seconds": gettext_noop("If idle for"),
    "idle_cpu_below_pct": gettext_noop("If CPU under"),
    "older_than_seconds": gettext_noop("If older than"),
    "paused_for_seconds": gettext_noop("If paused for"),
    "past_end_seconds": gettext_noop("If past its end by"),
    "keep": gettext_noop("If kept"),
    "grace_seconds": gettext_noop("Grace period"),
}
SPARED: Final = {
    "match.accounts": gettext_noop("in other accounts"),
    "match.states": gettext_noop("in another state"),
    "match.templates": gettext_noop("of other templates"),
    "match.metadata": gettext_noop("other metadata"),
    "older_than_seconds": gettext_noop("not old enough"),
    "no_lease_for_seconds": gettext_noop("leased recently"),
    "missing_metadata": gettext_noop("metadata present"),
    "paused_for_seconds": gettext_noop("not paused long enough"),
    "past_end_seconds": gettext_noop("not past their timeout"),
    "duplicate_of": gettext_noop("no duplicate, or the newest"),
    "over_limit": gettext_noop("not over the limit, or too young"),
    "idle_for_seconds": gettext_noop("busy, or too few samples"),
    "protected": gettext_noop("protected"),
    "lease": gettext_noop("leased"),
    "quarantine": gettext_noop("used again since the pause"),
    "ended": gettext_noop("already ended"),
    "spared": gettext_noop("for another reason"),
}


@dataclass(frozen=True)
class Row:
    """Other limits: the value as it is typed and told, and what it would have come to."""

    value: str
    typed: str
    own: bool
    history: whatif.History


def shown(spec: PolicySpec, found: whatif.Preview, field: str | None) -> dict[str, Any]:
    """All that `cleanup/preview.html` shows."""
    past = found.history
    wrong = [one for one in past.outcomes if one.life_after is not None]
    days = (past.end - past.start).total_seconds()
    return {
        "now": found.now,
        "verb": _(VERBS[spec.action][0]),
        "saves": spec.action != "notify",
        "done": _(VERBS[spec.action][1]),
        "current": found.current,
        "newly": len(found.newly_hit),
        "no_longer": len(found.no_longer_hit),
        "history": past,
        "span": formats.span(days),
        "whole_week": days >= whatif.LOOK_BACK.total_seconds() - 60,
        "hits": [(hit, _because(hit.reasons)) for hit in found.now.hits[:ROWS]],
        "more": max(0, len(found.now.hits) - ROWS),
        "wrong": [(one, _(USED[one.life_after.what])) for one in wrong[:ROWS] if one.life_after],
        "more_wrong": max(0, len(wrong) - ROWS),
        "rows": _rows(spec, found.sweep, field),
        "field": field,
        "field_word": _(FIELDS[field]) if field in FIELDS else "",
        "bars": hours.drawn(past.hours),
        "no_past": spec.orphan_when.over_limit is not UNSET,
        "low_cpu": isinstance(spec.orphan_when.idle_for_seconds, int),
        "spared": _spared(found.now.spared),
    }


def _spared(by_rule: Mapping[str, int]) -> list[tuple[str, int]]:
    """Whom it leaves alone, in words, the most first."""
    most = sorted(by_rule.items(), key=lambda one: -one[1])
    return [(_kept(rule), n) for rule, n in most]


def _kept(rule: str) -> str:
    if rule in SPARED:
        return _(SPARED[rule])
    if rule.startswith("metadata."):
        return _("kept by their metadata %(key)s") % {"key": rule.removeprefix("metadata.")}
    return _("kept by %(rule)s") % {"rule": rule}


def _because(reasons: Sequence[Any]) -> str:
    return "; ".join(reason.evidence for reason in reasons)


def _rows(spec: PolicySpec, sweep: Sequence[whatif.Tried], field: str | None) -> list[Row]:
    if field is None:
        return []
    own = spec.grace_seconds if field == "grace_seconds" else getattr(spec.orphan_when, field)
    own = 1 if field == "keep" and not isinstance(own, int) else own
    rows = []
    for one in sweep:
        text = limit(one.value) if field.endswith("_seconds") else f"{one.value:g}"
        told = f"{text}%" if field == "idle_cpu_below_pct" else text
        rows.append(Row(told, text, one.value == own, one.history))
    return rows
