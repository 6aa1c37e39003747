"""Alerts, Firing: what fires, who has it, what is silenced, and what ended in the last day."""

from datetime import timedelta
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.access import callers
from dashboard.access.rights import Verb
from dashboard.alerts import lines
from sandboxes.alerts import acknowledging
from sandboxes.models import AlertClock, AlertRule, Channel

SHOWN: Final = timedelta(days=1)
MOST_RESOLVED: Final = 50
HISTORY: Final = timedelta(days=30)
MOST_HISTORY: Final = 500


@login_required
def page(request: HttpRequest, alert_id: int | None = None) -> HttpResponse:
    """All that fires; `alert_id` is unfolded. Asked for by htmx, all but the frame."""
    fires, silenced = lines.firing()
    now = timezone.now()
    chosen = get_object_or_404(lines.visible(), pk=alert_id) if alert_id is not None else None
    context = {
        "firing": fires,
        "silenced": silenced,
        "resolved": lines.resolved(now - SHOWN, MOST_RESOLVED),
        "acknowledged": sum(one.row.acknowledged_at is not None for one in fires),
        "chosen": chosen,
        "chosen_line": lines.lines([chosen])[0] if chosen is not None else None,
        "clock": AlertClock.objects.first(),
        "rules_on": AlertRule.objects.filter(enabled=True).count(),
        "nobody": not Channel.objects.filter(enabled=True).exists(),
        "may_act": callers.may(callers.of_request(request), Verb.ACT),
        "last": lines.visible().exclude(resolved_at=None).order_by("-resolved_at").first(),
    }
    part = "alerts/firing_body.html" if request.headers.get("HX-Request") else "alerts/firing.html"
    return render(request, part, context)


@login_required
def history(request: HttpRequest) -> HttpResponse:
    """All of the last 30 days, the newest first; `rule` and `severity` narrow it."""
    found = lines.visible().filter(fired_at__gt=timezone.now() - HISTORY).order_by("-fired_at")
    rule, severity = request.GET.get("rule", ""), request.GET.get("severity", "")
    if rule:
        found = found.filter(rule_name=rule)
    if severity in lines.MARKS:
        found = found.filter(severity=severity)
    names = lines.visible().order_by("rule_name").values_list("rule_name", flat=True).distinct()
    context = {
        "lines": lines.lines(found[:MOST_HISTORY]), "total": found.count(), "rule": rule, "severity": severity,
        "rules": list(names), "severities": list(lines.MARKS),
    }  # fmt: skip
    return render(request, "alerts/history.html", context)


@require_POST
@login_required
def acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Puts one's name on it, or with `do=undo` takes it off again."""
    alert = get_object_or_404(lines.visible(), pk=alert_id)
    who = request.user.get_username()
    try:
        if request.POST.get("do") == "undo":
            acknowledging.take_back(alert)
        else:
            acknowledging.acknowledge(alert, who, request.POST.get("note", "").replace("\0", "").strip()[:1000])
    except acknowledging.Over:
        return HttpResponse(_("It is resolved already."), status=409)
    return redirect("alerts") if not request.headers.get("HX-Request") else page(request)
