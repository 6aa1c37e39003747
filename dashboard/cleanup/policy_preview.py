"""A preview as the page shows it: sentences, who and why, other limits, the acts hour by hour as bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dashboard.ui import formats
from sandboxes.cleanup import whatif
from sandboxes.policies import PolicySpec
from sandboxes.policies.wording import limit

ROWS: Final = 10
BARS: Final = (720, 96)  # of the drawing, in its own units
VERBS: Final = {"kill": ("kill", "killed"), "pause": ("pause", "paused"), "notify": ("report", "reported")}
FIELDS: Final = {
    "no_lease_for_seconds": "If no lease for", "idle_for_seconds": "If idle for", "idle_cpu_below_pct": "If CPU under",
    "older_than_seconds": "If older than", "paused_for_seconds": "If paused for",
    "past_end_seconds": "If past its end by", "keep": "If kept", "grace_seconds": "Grace period",
}  # fmt: skip
SIGNS: Final = {
    "resumed": "was resumed",
    "cpu": "used CPU",
    "timeout_moved": "had its timeout changed",
    "leased": "was leased",
}

SPARED: Final = {
    "match.accounts": "in other accounts", "match.states": "in another state", "match.templates": "of other templates",
    "match.metadata": "other metadata", "older_than_seconds": "not old enough",
    "no_lease_for_seconds": "leased recently", "missing_metadata": "metadata present",
    "paused_for_seconds": "not paused long enough", "past_end_seconds": "not past their timeout",
    "duplicate_of": "no duplicate, or the newest",
    "idle_for_seconds": "busy, or too few samples",
    "protected": "protected", "lease": "leased", "quarantine": "used again since the pause",
    "ended": "already ended", "spared": "for another reason",
}  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """An hour's acts as a column; `wrong` marks one with a false act at its foot."""

    x: float
    y: float
    width: float
    height: float
    wrong: bool
    title: str


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
    top = max((hour.would_have_hit for hour in past.hours), default=0)
    return {
        "now": found.now,
        "verb": VERBS[spec.action][0],
        "done": VERBS[spec.action][1],
        "current": found.current,
        "newly": len(found.newly_hit),
        "no_longer": len(found.no_longer_hit),
        "history": past,
        "span": formats.span(days),
        "whole_week": days >= whatif.LOOK_BACK.total_seconds() - 60,
        "hits": [(hit, _because(hit.reasons)) for hit in found.now.hits[:ROWS]],
        "more": max(0, len(found.now.hits) - ROWS),
        "wrong": [(one, SIGNS[one.life_after.what]) for one in wrong[:ROWS] if one.life_after],
        "more_wrong": max(0, len(wrong) - ROWS),
        "rows": _rows(spec, found.sweep, field),
        "field": field,
        "field_word": FIELDS.get(field or "", ""),
        "bars": _bars(past.hours, top),
        "top": top,
        "days": _days(past.hours),
        "low_cpu": isinstance(spec.orphan_when.idle_for_seconds, int),
        "spared": _spared(found.now.spared),
    }


def _spared(by_rule: Mapping[str, int]) -> list[tuple[str, int]]:
    """Whom it leaves alone, in words, the most first."""
    most = sorted(by_rule.items(), key=lambda one: -one[1])
    return [(SPARED.get(rule) or f"kept by {rule.replace('metadata.', 'their metadata ')}", n) for rule, n in most]


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


def _bars(hours: Sequence[Any], top: int) -> list[Bar]:
    width, height = BARS
    step = width / max(1, len(hours))
    return [
        Bar(
            round(place * step, 2), round(height - height * hour.would_have_hit / top, 2), round(step * 0.82, 2),
            round(height * hour.would_have_hit / top, 2), hour.showed_life_after > 0,
            f"{formats.exact(hour.at)}: {hour.would_have_hit:,}",
        )
        for place, hour in enumerate(hours)
        if hour.would_have_hit
    ]  # fmt: skip


def _days(hours: Sequence[Any]) -> list[tuple[float, str]]:
    """Where each day begins on the drawing, and its name."""
    step = BARS[0] / max(1, len(hours))
    return [(round(place * step, 2), _day(hour.at)) for place, hour in enumerate(hours) if hour.at.hour == 0]


def _day(at: datetime) -> str:
    return f"{at:%a} {at.day}"
