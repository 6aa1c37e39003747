"""The Fleet page: figures, honeycomb, what needs attention, and the fleet's hour and day."""

from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard import attention, charts
from dashboard.needs import needs
from sandboxes import fleet as sandboxes_fleet

QUIET_SECONDS = 150.0  # minutes stand a minute apart; with more than two missing nobody was polling
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@login_required
def fleet(request: HttpRequest) -> HttpResponse:
    """The whole page with an hour of history; the socket brings the honeycomb and all that moves."""
    now = timezone.now()
    figures = sandboxes_fleet.now(now)
    hour = sandboxes_fleet.metrics(now - HOUR, now, 720)
    day = sandboxes_fleet.metrics(now - DAY, now, 288)
    start, end = (now - HOUR).timestamp(), now.timestamp()
    context = {
        "figures": figures,
        "needs": needs(attention.facts(now, figures)),
        "cpu": charts.share_band(hour.t, hour.cpu_p50, hour.cpu_p95, start, end),
        "mem": charts.share_band(hour.t, hour.mem_p50, hour.mem_p95, start, end),
        "day": charts.running_count(day.t, day.running, figures.cap, end - DAY.total_seconds(), end),
        "gaps": {
            "cpu": charts.breaks(hour.t, hour.cpu_p50, least_seconds=QUIET_SECONDS),
            "mem": charts.breaks(hour.t, hour.mem_p50, least_seconds=QUIET_SECONDS),
            "day": charts.breaks(day.t, day.running, least_seconds=QUIET_SECONDS),
        },
        "sparks": {
            "started": hour.started[-60:],
            "ended": hour.ended[-60:],
            "cpu_p50": hour.cpu_p50[-60:],
            "mem_p50": hour.mem_p50[-60:],
        },
    }
    return render(request, "fleet/page.html", context)


@login_required
def attention_list(request: HttpRequest) -> HttpResponse:
    """The sentences alone, asked for again every few seconds."""
    now = timezone.now()
    found = needs(attention.facts(now, sandboxes_fleet.now(now)))
    return render(request, "fleet/needs.html", {"needs": found})
