"""The lines of the command palette for what was typed."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard.access.rights import Verb
from dashboard.palette.lines import find
from dashboard.settings import permissions


@login_required
def palette(request: HttpRequest) -> HttpResponse:
    """A fragment for `static/js/palette.js`; `q` is what was typed."""
    text = request.GET.get("q", "")
    may_act, may_change = permissions.may(request, Verb.ACT), permissions.may_change(request)
    groups = find(text, timezone.now(), may_act=may_act, may_change=may_change)
    return render(request, "palette/lines.html", {"groups": groups, "text": text})
