"""The Cost page: what the fleet costs, who, when, what of it is lost and what policies saved; and its table as CSV."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.cost import charts as charts_cost
from dashboard.cost.ranges import RANGES, Range, between, quick
from dashboard.cost.spending import ZERO, Row, Spending, hours_by_day, spending
from dashboard.ui import csv_text
from dashboard.ui.file_names import file_name
from sandboxes.cost import (
    Question,
    QuestionError,
    metadata_keys,
    month_forecast,
    month_start,
    record_since,
    saved,
    spend,
    template_names,
    used,
    watched_since,
)
from sandboxes.fleet import figures as fleet

GROUPS: Final = (
    ("owner", gettext_noop("Owner")),
    ("template", gettext_noop("Template")),
    ("environment", gettext_noop("env")),
)
MOST_ROWS: Final = 100
MOST_SIZES: Final = 8
WEEK: Final = timedelta(days=7)
CSV: Final = (
    "group", "running_now", "usd_per_hour_now", "cost_usd", "share_pct", "change_pct", "orphan_usd", "idle_usd",
    "seconds",
)  # fmt: skip
HOURLY: Final = ("hour", "group", "cost_usd", "orphan_usd", "idle_usd", "seconds", "sandboxes")
OF_A_RANGE: Final = ("range", "from", "to")


@login_required
def cost(request: HttpRequest) -> HttpResponse:
    """What burns now at once; the sums when htmx asks for them, as its links and its clock do again.

    `?whole=true` has all of it in one answer, for browsers without scripts.
    """
    now = timezone.now()
    try:
        chosen, group_by = asked(request, now)
    except QuestionError as wrong:
        return render(request, "cost/page.html", {"wrong": str(wrong)}, status=400)
    context = {
        "now": now, "range": chosen.shown(), "group_by": group_by, "fleet": fleet.now(now),
        "ranges": [(_(one.word), _ranged(request, range=name), one is chosen) for name, one in RANGES.items()],
        "typed": chosen.start is not None, "from": request.GET.get("from", ""), "to": request.GET.get("to", ""),
        "quick": [(word, _ranged(request, **times)) for word, times in quick(now)],
        "by": request.GET.get("by", ""), "hourly": _link(request, hours="true") if chosen.is_short(now) else "",
        "groups": [(_(word), _link(request, by=name), name == group_by) for name, word in GROUPS],
        "here": _link(request), "export": "export.csv" + _link(request), "whole": _link(request, whole="true"),
        "today_seconds": (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds(),
    }  # fmt: skip
    if request.headers.get("HX-Request") or request.GET.get("whole"):
        context |= _sums(request, chosen, group_by, now)
    return render(request, "cost/page.html", context)


def _sums(request: HttpRequest, chosen: Range, group_by: str, now: datetime) -> dict[str, Any]:
    """All that has to be added up over the runs on record."""
    told = spending(chosen, group_by, now)
    kind = "owner" if group_by == "owner" else "template"
    record = record_since()
    days = hours_by_day(now, record["first_run"])
    compared = _is_compared(chosen, told.start, record["watched_since"])
    return {
        "told": told, "rows": told.rows[:MOST_ROWS], "more": max(0, len(told.rows) - MOST_ROWS),
        "keys": [(key, _link(request, by=f"metadata.{key}"), f"metadata.{key}" == group_by) for key in metadata_keys()],
        "by_word": _(_word(group_by)), "key": group_by.removeprefix("metadata.") if _is_key(group_by) else "",
        "names": template_names() if group_by == "template" else {},
        "chart": _chart(told, chosen, compared=compared),
        "days": days,
        "today": sum((cell.cost or 0 for cell in days[-1][1]), ZERO),
        "dearest": max((cell.cost or 0 for _, cells in days for cell in cells), default=0),
        "compared": compared,
        "saved": saved(told.start, told.end, now),
        "kind": kind, "sizes": used(kind, told.start, told.end)[:MOST_SIZES],
        **record, **_month(now, record["known_since"]),
    }  # fmt: skip


def _is_compared(chosen: Range, start: datetime, watched: datetime | None) -> bool:
    """Whether the range before is known: what had ended before we watched would show a growth that was none."""
    return watched is not None and watched <= start - chosen.length


@login_required
def export(request: HttpRequest) -> HttpResponseBase:
    """The table as CSV, every group of it, as a stream; with `hours=true` a row for each hour of each group."""
    now, by_hour = timezone.now(), bool(request.GET.get("hours"))
    try:
        chosen, group_by = asked(request, now)
    except QuestionError as wrong:
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    if by_hour and not chosen.is_short(now):
        return HttpResponse(_("Rows by hour are for 3 days at most."), status=400, content_type="text/plain")
    lines = _hourly_lines(chosen, group_by, now) if by_hour else _lines(chosen, group_by, now)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    words = ["by", _word(group_by), *(["by", "hour"] if by_hour else []), chosen.sub]
    response["Content-Disposition"] = f'attachment; filename="{file_name("cost", words, now, "csv")}"'
    response["Cache-Control"] = "no-store"
    return response


async def _lines(chosen: Range, group_by: str, now: datetime) -> AsyncIterator[bytes]:
    """Its head at once, the rows when they are added up, a thousand at a time."""
    yield csv_text.lines([CSV]).encode()
    told = await sync_to_async(spending)(chosen, group_by, now)
    compared = _is_compared(chosen, told.start, await sync_to_async(watched_since)())
    for at in range(0, len(told.rows), 1000):
        yield csv_text.lines(_cells(row, compared=compared) for row in told.rows[at : at + 1000]).encode()


async def _hourly_lines(chosen: Range, group_by: str, now: datetime) -> AsyncIterator[bytes]:
    """A row an hour and group, oldest hour first; hours in which a group cost nothing are left out."""
    yield csv_text.lines([HOURLY]).encode()
    question = Question(chosen.begin(now), chosen.end(now), "hour", group_by)
    items = (await sync_to_async(spend)(question, now)).items
    for at in range(0, len(items), 1000):
        yield csv_text.lines(
            [one.bucket, one.group, one.cost_usd, one.orphan_usd, one.idle_usd, one.seconds, one.sandboxes]
            for one in items[at : at + 1000]
        ).encode()


def _cells(row: Row, *, compared: bool) -> list[Any]:
    change = row.change_pct if compared else None
    return [
        row.group, row.now.sandboxes, row.now.usd_per_hour, row.cost, round(row.share_pct, 2),
        "" if change is None else round(change, 2), row.orphan, row.idle, row.seconds,
    ]  # fmt: skip


def asked(request: HttpRequest, now: datetime) -> tuple[Range, str]:
    """The range and the group that the address names. Raises QuestionError for one that there is not."""
    name, group_by = request.GET.get("range") or "7d", request.GET.get("by") or "owner"
    start, until = request.GET.get("from", "").strip(), request.GET.get("to", "").strip()
    if start or until:
        Question(now - WEEK, now, group_by=group_by)
        return between(start, until, now), group_by
    if name not in RANGES:
        raise QuestionError(f"range must be one of {', '.join(RANGES)}")
    Question(now - WEEK, now, group_by=group_by)
    return RANGES[name], group_by


def _month(now: datetime, known_since: datetime | None) -> dict[str, Any]:
    """What the month cost so far, and at its end by the mean of the last week, or of what is known of it."""
    late = min(WEEK, now - known_since) if known_since else timedelta(0)
    cost_of_late = spend(Question(now - late, now), now, waste=False).total_usd if late else ZERO
    begun = month_start(now) < now
    month = spend(Question(month_start(now), now), now, waste=False).total_usd if begun else ZERO
    return {
        "month": month,
        "forecast": month_forecast(month, cost_of_late, late, now),
        "late_seconds": late.total_seconds(),
    }


def _chart(told: Spending, chosen: Range, *, compared: bool) -> dict[str, Any]:
    """The figure, and how long its buckets are."""
    return {
        "figure": charts_cost.cost_bars(told.bars, chosen.step, compared=compared),
        "bucket": chosen.bucket,
        "seconds": chosen.step.total_seconds(),
        "compared": compared,
    }


def _link(request: HttpRequest, **changes: str) -> str:
    kept = {name: request.GET[name] for name in (*OF_A_RANGE, "by") if request.GET.get(name)}
    query = urlencode(kept | changes)
    return f"?{query}" if query else ""


def _ranged(request: HttpRequest, **times: str) -> str:
    """The address with another time in the place of its own."""
    kept = {"by": request.GET["by"]} if request.GET.get("by") else {}
    return f"?{urlencode(kept | times)}"


def _word(group_by: str) -> str:
    return dict(GROUPS).get(group_by, group_by.removeprefix("metadata."))


def _is_key(group_by: str) -> bool:
    return group_by.startswith("metadata.")
