"""Alerts, Silences: of what nobody is told for a while, who said so, why, and until when."""

from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from dashboard.access import callers
from dashboard.access.rights import Verb
from sandboxes.alerts import book, silences
from sandboxes.alerts.rules.matching import MatchError
from sandboxes.models import Silence

KEYS: Final = ("rule", "account", "owner", "environment", "template", "severity")
LENGTHS: Final = {
    "3600": gettext_noop("1 hour"), "14400": gettext_noop("4 hours"), "86400": gettext_noop("1 day"),
    "604800": gettext_noop("1 week"), "2592000": gettext_noop("30 days"),
}  # fmt: skip
MOST: Final = 200


@login_required
def page(request: HttpRequest) -> HttpResponse:
    """The list and the form; what stands in the address fills it in. Sent, it makes one."""
    typed = {name: request.GET.get(name, "") for name in (*KEYS, "reason", "seconds")}
    wrong = ""
    if request.method == "POST":
        typed = {name: request.POST.get(name, "").replace("\0", "").strip() for name in typed}
        wrong = _make(request, typed)
        if not wrong:
            messages.success(request, _("Silenced. Alerts that match are judged and shown, and nobody is told."))
            return redirect("alert-silences")
    now, found = timezone.now(), list(silences.visible().order_by("-pk")[:MOST])
    context = {
        "active": [one for one in found if one.until > now], "over": [one for one in found if one.until <= now],
        "typed": typed, "wrong": wrong,
        "severities": ["critical", "warning", "info"], "rules": list(book.visible().values_list("name", flat=True)),
        "lengths": [(value, _(word)) for value, word in LENGTHS.items()],
        "may_act": callers.may(callers.of_request(request), Verb.ACT),
    }  # fmt: skip
    return render(request, "alerts/silences.html", context, status=422 if wrong else 200)


@require_POST
@login_required
def end(request: HttpRequest, silence_id: int) -> HttpResponse:
    """It silences nothing any more."""
    found: Silence = get_object_or_404(silences.visible(), pk=silence_id)
    held = callers.of_request(request).rights.accounts
    if held is not None and (found.accounts is None or not held.issuperset(found.accounts)):
        messages.error(request, _("It silences accounts that you lack."))
        return redirect("alert-silences")
    try:
        silences.end(found, request.user.get_username())
        messages.success(request, _("Ended. What still fires is told now."))
    except silences.NotOver:
        messages.error(request, _("It has ended already."))
    return redirect("alert-silences")


def _make(request: HttpRequest, typed: dict[str, str]) -> str:
    """Why it can't be made; empty once it is."""
    match = {name: typed[name] for name in KEYS if typed[name]}
    seconds = int(typed["seconds"]) if typed["seconds"] in LENGTHS else 3600
    until = timezone.now() + timedelta(seconds=seconds)
    try:
        who = callers.of_request(request)
        silences.make(match, until, typed["reason"], request.user.get_username(), who.rights.accounts)
    except MatchError as error:
        return str(error)
    return ""
