"""CPU and memory by template or owner over time: a part of the Fleet page, asked for when it comes into view."""

from datetime import timedelta
from typing import Final, Literal

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from dashboard.fleet import small_multiples
from sandboxes.fleet.figures import by_group

RANGES: Final = {
    "1h": ("1 h", timedelta(hours=1)),
    "24h": ("24 h", timedelta(days=1)),
    "7d": (gettext_noop("7 days"), timedelta(days=7)),
}
POINTS: Final = 120  # of a drawing some 240 px wide


@login_required
def groups(request: HttpRequest) -> HttpResponse:
    """`by`: template or owner; `range`: 1h, 24h or 7d. What is none of these is the first."""
    kind: Literal["template", "owner"] = "owner" if request.GET.get("by") == "owner" else "template"
    name = request.GET.get("range", "1h")
    name = name if name in RANGES else "1h"
    now = timezone.now()
    context = {
        "kind": kind,
        "range": name,
        "ranges": [(key, gettext(word)) for key, (word, _) in RANGES.items()],
        "panels": small_multiples.panels(by_group(kind, now - RANGES[name][1], now, POINTS, now=now)),
    }
    return render(request, "fleet/groups.html", context)
