"""The Fleet page: figures, honeycomb, what needs attention, the fleet's hour and day; now, or at a past second."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from dashboard.api.answers import answer
from dashboard.fleet import attention_facts, events_near, past_time, trends
from dashboard.fleet.attention import needs
from dashboard.fleet.past import asked_moment
from dashboard.ui import formats
from sandboxes.core.accounts import fleets
from sandboxes.fleet import figures as sandboxes_fleet
from sandboxes.fleet.known_since import known_since


@login_required
def fleet(request: HttpRequest) -> HttpResponse:
    """Figures and sentences; the socket brings the honeycomb, `charts` the lines once the page is there.

    With `?at=` its figures and sentences are of that second from the first byte on. A time outside our record is said
    to be so.
    """
    now, begins = timezone.now(), known_since([account.pk for account in fleets()])
    asked = past_time.asked(request.GET.get("at", ""), now, begins)
    at = asked.at
    if at is not None and not asked.is_plain:
        return redirect(f"{reverse('fleet')}?{urlencode({'at': f'{at:%Y-%m-%dT%H:%M:%SZ}'})}")
    figures = sandboxes_fleet.now(now)
    context = {
        "at": at,
        "ago": formats.relative(at, now) if at else "",
        "no_such_time": asked.note,
        "begins": begins,
        "reach": past_time.reach(now, begins) if begins else None,
        "figures": sandboxes_fleet.moment(at).figures if at else figures,
        "needs": needs(attention_facts.facts(now, figures)),
        "found": events_near.happened(at) if at else [],
    }
    return render(request, "fleet/page.html", context)


@login_required
def charts(request: HttpRequest) -> HttpResponse:
    """The hour before now (or before `?at=`) and the last day, as JSON: figures, gaps and sparklines."""
    now, at = timezone.now(), asked_moment(request)
    hour, day = trends.hour(at or now), trends.day(now, sandboxes_fleet.cap_of(fleets()))
    return answer({**hour, "day": day["figure"], "gaps": {**hour["gaps"], "day": day["gaps"]}})


@login_required
def attention_list(request: HttpRequest) -> HttpResponse:
    """The sentences alone, asked for again every few seconds."""
    now = timezone.now()
    found = needs(attention_facts.facts(now, sandboxes_fleet.now(now)))
    return render(request, "fleet/attention.html", {"needs": found})
