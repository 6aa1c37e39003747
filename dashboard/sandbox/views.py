"""A sandbox's page: one timeline of charts, states and events; facts; why it is an orphan; what can be done."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from dashboard.events.beside import beside_of
from dashboard.sandbox import siblings, verdicts
from dashboard.sandbox import timeline as story
from dashboard.ui import charts, formats
from dashboard.ui.endings import SAME
from events.listing import EventQuery, list_events
from sandboxes.fleet.search import SandboxRow, find
from sandboxes.metrics.series import look_at, sandbox_metrics
from sandboxes.models import Action, Execution, LeaseSpan, Verdict

LEAST_SPAN = timedelta(minutes=2)  # of a newborn: its first samples are a beginning, not the whole width
RANGE_WORDS = (("life", gettext_noop("Life")), ("1h", "1 h"), ("15min", "15 min"))
RANGES = {"life": None, "1h": timedelta(hours=1), "15min": timedelta(minutes=15)}
MOST_STEPS = 200
POINTS = 1000
QUIET_SECONDS = 30.0  # longer than this without a sample is a gap worth showing


@login_required
def sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    """The whole page but its charts and siblings, which it asks for once it is painted."""
    row, now = _row(sandbox_id), timezone.now()
    beside = {
        "ranges": [(name, gettext(word)) for name, word in RANGE_WORDS],
        "range": _range(request),
        "stretches": _told(_stretches(row), row.ended_at or now),
    }
    context = _context(row, now) | beside
    return render(request, "sandbox/page.html", context)


@login_required
def parts(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    """Head, side and steps anew, for htmx to put where they stand: asked for when something happened to it."""
    return render(request, "sandbox/parts.html", _context(_row(sandbox_id), timezone.now()))


@login_required
def siblings_part(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    """Its siblings alone: ordering a fleet by CPU takes longer than all the rest of the page."""
    return render(request, "sandbox/siblings.html", {"siblings": siblings.siblings(_row(sandbox_id), timezone.now())})


@login_required
def timeline(request: HttpRequest, sandbox_id: str) -> JsonResponse:
    """The figure and its lane for a range: `life`, `1h` or `15min`."""
    return JsonResponse(_timeline(_row(sandbox_id), _range(request), timezone.now()))


def _row(sandbox_id: str) -> SandboxRow:
    row = find(sandbox_id)
    if row is None:
        raise Http404(f"no sandbox {sandbox_id} on record")
    return row


def _range(request: HttpRequest) -> str:
    asked = request.GET.get("range", "life")
    return asked if asked in RANGES else "life"


def _context(row: SandboxRow, now: datetime) -> dict[str, Any]:
    waiting = Action.objects.filter(sandbox=row.key, state=Action.State.GRACE).order_by("act_at").first()
    opinions = verdicts.opinions(row, now)
    return {
        "row": row,
        "now": now,
        "steps": _steps(row),
        "runs": story.runs(Execution.objects.filter(sandbox=row.key), now, killed_by_us=row.ended_by is not None),
        "last_run": _after_its_last_run(row),
        "waiting": waiting,
        "held_by": [one for one in opinions if one.hit],
        "not_held_by": [one for one in opinions if not one.hit],
    }


def _after_its_last_run(row: SandboxRow) -> str:
    """Of one that left the list later than its last run ended, what joins both; '' where that was one moment."""
    if row.ended_at is None:
        return ""
    last = Execution.objects.filter(sandbox=row.key, ended_at__lt=row.ended_at).order_by("-started_at").first()
    if last is None or last.ended_at is None or row.ended_at - last.ended_at < SAME:
        return ""
    span = formats.exact_span((row.ended_at - last.ended_at).total_seconds())
    if last.ended_by == "paused":
        return gettext("%(span)s after it was paused") % {"span": span}
    return gettext("%(span)s after its last run ended") % {"span": span}


def _steps(row: SandboxRow) -> list[story.Step]:
    events = list_events(EventQuery(sandbox=row.id, account=row.account), limit=MOST_STEPS).items
    actions = Action.objects.filter(sandbox=row.key).order_by("-requested_at")[:MOST_STEPS]
    leases = LeaseSpan.objects.filter(sandbox=row.key).order_by("-since")[:MOST_STEPS]
    return story.steps(events, actions, leases, beside_of(events, row))


def _timeline(row: SandboxRow, name: str, now: datetime) -> dict[str, Any]:
    """`{"figure", "lane": {"stretches", "steps", "gaps", "planned"}, "range"}`; times in Unix seconds."""
    last = row.ended_at or now
    length = RANGES[name]
    start = max(row.created_at, last - length) if length else row.created_at
    look_at(row.key)
    columns = sandbox_metrics(row.key, start, last, POINTS)
    stretches = _stretches(row)
    quiet = max(QUIET_SECONDS, 3 * charts.usual_step(columns.t))
    whole = start.timestamp(), last.timestamp()
    gaps = charts.gaps_of(columns.t, columns.cpu_pct, _pauses(stretches, last), least_seconds=quiet, span=whole)
    steps = _steps(row)
    figure = charts.sandbox_panels(
        columns.t, columns.cpu_pct, columns.mem_used, columns.disk_used,
        limits=(row.mem_total or _bytes(row.memory_mb), row.disk_total or _bytes(row.disk_mb)),
        span=_padded(start, last, row.orphan.act_at, live=row.ended_at is None),
        marks=[charts.Mark(step.at.timestamp(), _line(step.hue)) for step in steps],
        gaps=gaps,
    )  # fmt: skip
    lane = {
        "stretches": _told(stretches, last),
        "steps": [step.on_the_lane() for step in reversed(steps)],
        "gaps": [{"start": gap.start, "end": gap.end, "why": gap.why} for gap in gaps],
        "end_at": row.end_at.timestamp() if row.end_at and row.state == "running" else None,
        "act_at": row.orphan.act_at.timestamp() if row.orphan.act_at else None,
        "orphan_since": _orphan_since(row),
        "now": None if row.ended_at else now.timestamp(),
    }
    return {"figure": figure, "lane": lane, "range": name, "live": row.ended_at is None}


def _orphan_since(row: SandboxRow) -> float | None:
    """Since when a policy holds it without a break; None while none does."""
    held = Verdict.objects.holding().filter(sandbox=row.key).order_by("since").values_list("since", flat=True).first()
    return held.timestamp() if held is not None else None


def _stretches(row: SandboxRow) -> list[story.Stretch]:
    return story.stretches(list(Execution.objects.filter(sandbox=row.key)), row.ended_at)


def _told(stretches: Sequence[story.Stretch], last: datetime) -> list[dict[str, Any]]:
    """For scripts, in Unix seconds; the one that still goes on ends at `last`."""
    return [
        {"start": one.start.timestamp(), "end": (one.end or last).timestamp(), "state": one.state} for one in stretches
    ]


def _pauses(stretches: Sequence[story.Stretch], last: datetime) -> list[tuple[float, float]]:
    paused = [one for one in stretches if one.state == "paused"]
    return [(one.start.timestamp(), (one.end or last).timestamp()) for one in paused]


def _padded(start: datetime, last: datetime, due: datetime | None, *, live: bool) -> tuple[float, float]:
    """A little room at both ends, more of it right of now while it lives, as far as what is due."""
    last = max(last, due or last, start + LEAST_SPAN)
    length = (last - start).total_seconds()
    return start.timestamp() - 0.03 * length, last.timestamp() + (0.06 if live else 0.03) * length


def _line(hue: str) -> str:
    return "ctl" if hue == "ink" else hue


def _bytes(mebibytes: int | None) -> int | None:
    """What was allocated, while no sample has told it yet."""
    return mebibytes * 1024**2 if mebibytes else None
