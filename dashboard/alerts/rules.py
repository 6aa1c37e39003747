"""Alerts, Rules: what is told when and to whom; switched, changed, and tried on the last seven days before saving."""

from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from msgspec.structs import replace

from dashboard.access import callers, reach
from dashboard.access.rights import Verb
from dashboard.alerts import rule_words
from dashboard.alerts.lines import MARKS
from dashboard.alerts.rules_form import RuleForm
from sandboxes.alerts import book, previews, wording
from sandboxes.alerts.rules import KINDS, AlertRuleSpec, RuleError
from sandboxes.models import AlertRule

WEEK: Final = timedelta(days=7)


@login_required
def page(request: HttpRequest) -> HttpResponse:
    """All of them, with how often each fired in seven days."""
    since = timezone.now() - WEEK
    recent = Q(alerts__fired_at__gt=since)
    rows = book.visible().annotate(
        fired=Count("alerts", filter=recent), open=Count("alerts", filter=Q(alerts__resolved_at=None)),
        last=Max("alerts__fired_at"),
    )  # fmt: skip
    lines = [(one, MARKS[one.severity], rule_words.when(one)) for one in rows.order_by("-enabled", "name")]
    context = {"lines": lines, "may_change": _may_change(request), "fired": sum(one.fired for one, _, _ in lines)}
    return render(request, "alerts/rules.html", context)


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """First what to watch, then the form of that kind, which the address may fill in; sent, it is made."""
    kind = request.GET.get("kind", "")
    if request.method == "POST":
        return _save(request, RuleForm.of_post(request.POST), None)
    if kind not in KINDS:
        return render(request, "alerts/rule_kinds.html", {"kinds": rule_words.kinds()})
    return _show(request, RuleForm.blank(kind, request.GET), None)


@login_required
def rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    """One of them, to change or delete: `do` says which."""
    found = get_object_or_404(book.visible(), pk=rule_id)
    if request.method != "POST":
        return _show(request, RuleForm.of_rule(found), found)
    reach.check(callers.of_request(request), (found.match or {}).get("accounts", ()))
    if request.POST.get("do") == "delete":
        book.delete(found)
        messages.success(request, _("%(name)s was deleted. Its alerts stay in the history.") % {"name": found.name})
        return redirect("alert-rules")
    return _save(request, RuleForm.of_post(request.POST, found), found)


@require_POST
@login_required
def switch(request: HttpRequest, rule_id: int) -> HttpResponse:
    """On or off."""
    found = get_object_or_404(book.visible(), pk=rule_id)
    reach.check(callers.of_request(request), (found.match or {}).get("accounts", ()))
    spec = book.spec_of(found)
    book.write(replace(spec, enabled=not spec.enabled), found)
    told = _("%(name)s is off.") if spec.enabled else _("%(name)s is on; it only records for 15 minutes.")
    messages.success(request, told % {"name": found.name})
    return redirect("alert-rules")


@require_POST
@login_required
def preview(request: HttpRequest) -> HttpResponse:
    """What the form as it stands would have told."""
    form = RuleForm.of_post(request.POST)
    try:
        found = previews.preview(form.spec(), timezone.now())
    except RuleError as error:
        return render(request, "alerts/rule_preview.html", {"wrong": str(error)})
    kind = form.kind
    episodes = [(one, ", ".join(v or _("(none)") for v in one.group.values()), wording.figure(kind, one.peak))
                for one in found.history.episodes[:20]]  # fmt: skip
    now = [(", ".join(one.group.values()), wording.figure(kind, one.value)) for one in found.now[:10]]
    told = sorted({name for one in found.history.episodes for name in one.channels})
    context = {"found": found, "episodes": episodes, "now": now, "channels": told}
    return render(request, "alerts/rule_preview.html", context)


def _save(request: HttpRequest, form: RuleForm, found: AlertRule | None) -> HttpResponse:
    if not _may_change(request):
        raise PermissionDenied
    try:
        made = book.write(_scoped(request, form.spec()), found)
    except RuleError as error:
        form.wrong = str(error)
        return _show(request, form, found, status=422)
    messages.success(request, _("%(name)s was saved.") % {"name": made.name})
    return redirect("alert-rules")


def _scoped(request: HttpRequest, spec: AlertRuleSpec) -> AlertRuleSpec:
    return replace(spec, accounts=tuple(reach.named(callers.of_request(request), spec.accounts)))


def _show(request: HttpRequest, form: RuleForm, found: AlertRule | None, status: int = 200) -> HttpResponse:
    context = {"form": form, "rule": found, "may_change": _may_change(request)}
    return render(request, "alerts/rule.html", context, status=status)


def _may_change(request: HttpRequest) -> bool:
    return callers.may(callers.of_request(request), Verb.ADMIN)
