"""The Fleet page's past: the fleet at a second, what happened around it, and the hour before it."""

from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone

from dashboard.api.answers import answer
from dashboard.fleet import events_near, snapshot_at, trends
from dashboard.ui.moments import moment as moment_of
from sandboxes.fleet import figures as fleet


@login_required
def moment(request: HttpRequest) -> HttpResponse:
    """The honeycomb and the figures at `at` (Unix seconds or RFC 3339), as JSON; 400 for what is no time."""
    at = asked_moment(request)
    return answer(snapshot_at.told(fleet.moment(at))) if at else _no_time()


@login_required
def around_it(request: HttpRequest) -> HttpResponse:
    """What happened in the minutes around `at`, as sentences."""
    at = asked_moment(request)
    return (
        render(request, "fleet/events_near.html", {"found": events_near.happened(at), "at": at}) if at else _no_time()
    )


@login_required
def hour(request: HttpRequest) -> HttpResponse:
    """The hour before `at`, or before now: the two charts, their gaps and the sparklines, as JSON."""
    at = asked_moment(request) if "at" in request.GET else timezone.now()
    return answer(trends.hour(at)) if at else _no_time()


def asked_moment(request: HttpRequest) -> datetime | None:
    """The moment the address names, never a future one; None when it names none."""
    try:
        return min(moment_of(request.GET.get("at", "")), timezone.now())
    except ValueError:
        return None


def _no_time() -> HttpResponse:
    return HttpResponseBadRequest("at must be Unix seconds or RFC 3339", content_type="text/plain")
