"""The trust report of a policy as a page: the verdict, what it rests on, and everyone behind each figure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.cleanup import hours
from dashboard.cleanup.policy_preview import VERBS
from dashboard.cleanup.visible import one_policy
from dashboard.settings import permissions
from dashboard.ui import formats
from dashboard.ui.signs import UNKNOWN, USED
from sandboxes.cleanup import whatif
from sandboxes.policies import PolicyError

ROWS: Final = 200
MARK: Final = 5
SHOWN: Final = ("", "used", "left", "unknown")


@dataclass(frozen=True)
class Span:
    """A run of a sandbox on its strip."""

    x: float
    width: float


@dataclass(frozen=True)
class Row:
    """One sandbox: its life over the days of the report, where the policy would have acted, what came of it."""

    item: whatif.Judged
    because: str
    became: str
    later: str
    runs: Sequence[Span]
    acted_x: float
    used_x: float | None


@login_required
def page(request: HttpRequest, policy_id: int) -> HttpResponse:
    """`?show=` used, left or unknown, `&by=` a sign of use, narrows the table to those behind a figure."""
    policy = one_policy(policy_id)
    try:
        found = whatif.trust(policy, timezone.now())
    except PolicyError as error:
        return render(request, "cleanup/trust.html", {"policy": policy, "error": str(error)}, status=422)
    context = {"policy": policy, "may_change": permissions.may_change(request), **shown(found)}
    show, by = request.GET.get("show", ""), request.GET.get("by", "")
    return render(request, "cleanup/trust.html", context | _table(found, show if show in SHOWN else "", by))


def shown(found: whatif.Trust) -> dict[str, Any]:
    """The head of the report: `found` itself, its verdict's parts, what used them again, the hours."""
    judged = len(found.items) - len(found.unknown)
    counted = Counter(item.unknown for item in found.unknown)
    return {
        "found": found,
        "done": _(VERBS[found.spec.action][1]),
        "judged": judged,
        "used_pct": None if found.share is None else 100 * found.share,
        "most_pct": 100 * whatif.MOST_USED_AGAIN,
        "lacks": set(found.lacks),
        "covered": formats.span(found.covered.total_seconds()),
        "by_sign": [(what, _(USED[what]), n) for what, n in found.by_sign.items()],
        "by_unknown": [(_(UNKNOWN[why]), n) for why, n in counted.most_common() if why is not None],
        "saves": found.spec.action != "notify",
        "hours": hours.drawn(found.hours),
    }


def _table(found: whatif.Trust, show: str, by: str) -> dict[str, Any]:
    chosen = {"": found.items, "used": found.used_again, "left": found.not_used_again, "unknown": found.unknown}[show]
    if show == "used" and by in USED:
        chosen = [item for item in chosen if item.used_again is not None and item.used_again.what == by]
    return {
        "show": show,
        "by": by if show == "used" and by in USED else "",
        "by_word": _(USED[by]) if show == "used" and by in USED else "",
        "count": len(chosen),
        "rows": [_row(item, found) for item in chosen[:ROWS]],
        "more": max(0, len(chosen) - ROWS),
    }


def _row(item: whatif.Judged, found: whatif.Trust) -> Row:
    used = item.used_again
    became, later = "", ""
    if used is not None:
        became, later = _(USED[used.what]), formats.span((used.at - item.at).total_seconds())
    elif item.unknown is not None:
        became = _(UNKNOWN[item.unknown])
    elif item.life.ended_at is not None:
        became = _("ended without being used again")
        later = formats.span(max(0.0, item.life.ended_at.timestamp() - item.at.timestamp()))
    else:
        became = _("lives on, not used again")
    return Row(
        item, "; ".join(reason.evidence.partition(". ")[0] for reason in item.reasons), became, later,
        [
            Span(_x(run.started_at, found), max(1.0, _x(run.ended_at or found.end, found) - _x(run.started_at, found)))
            for run in item.life.runs
            if (run.ended_at or found.end) > found.start
        ],
        _mark(item.at, found), None if used is None else _mark(used.at, found),
    )  # fmt: skip


def _x(at: datetime, found: whatif.Trust) -> float:
    whole = max(1.0, found.covered.total_seconds())
    return round(hours.WIDTH * min(1.0, max(0.0, (at - found.start).total_seconds() / whole)), 2)


def _mark(at: datetime, found: whatif.Trust) -> float:
    return min(hours.WIDTH - MARK, _x(at, found))
