"""The confirmation of a cleanup in the admin: how many, what it costs, who was active last, and then the request."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from sandboxes.actions.permission import MOST_SECONDS, NEEDS, SECONDS_RANGE
from sandboxes.cleanup import held_back
from sandboxes.cleanup.approvals import Asking
from sandboxes.fleet import figures as fleet
from sandboxes.models import Action, Sandbox

MOST_ACTIVE = 5
EXTEND_SECONDS = 3600
Kind = Action.Kind


class Answers(forms.Form):
    """What a person says to the question. `expected` is the count that they saw."""

    expected = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    seconds = forms.IntegerField(
        min_value=1,
        max_value=MOST_SECONDS,
        initial=EXTEND_SECONDS,
        label="Seconds from now until the end, at least",
        error_messages={"min_value": SECONDS_RANGE, "max_value": SECONDS_RANGE},
    )
    reason = forms.CharField(max_length=500, required=False, label="Reason, kept in the audit trail")

    def __init__(self, kind: str, data: Any = None, **given: Any) -> None:
        super().__init__(data, **given)
        if kind != Kind.EXTEND:
            del self.fields["seconds"]
        self.fields["reason"].required = kind == Kind.PROTECT


@dataclass(frozen=True)
class Active:
    """One of the selected that was busy at the last sample; CPU in percent, None without a sample."""

    sandbox: Sandbox
    cpu_pct: float | None


def ask_or_act(
    page: "admin.ModelAdmin[Any]", request: HttpRequest, queryset: QuerySet[Sandbox], kind: Kind
) -> HttpResponseBase | None:
    """The confirmation page; or, once it has been answered, the request for all of them and a line that says so."""
    fit = queryset.filter(state__in=NEEDS[kind])
    count = fit.count()
    if not count:
        page.message_user(request, f"None of them can be asked for {kind} in the state it is in.", messages.WARNING)
        return None
    answered = "expected" in request.POST
    form = Answers(kind, request.POST if answered else None, initial={"expected": count})
    if answered and form.is_valid():
        if form.cleaned_data["expected"] == count:
            _act(page, request, fit, kind, form)
            return None
        page.message_user(request, f"The selection has changed: it is {count} now. Look again.", messages.WARNING)
        form = Answers(kind, initial={"expected": count})
    return TemplateResponse(
        request, "admin/sandboxes/confirm.html", _question(page, request, queryset, fit, kind, form, count)
    )


def most_active(sandboxes: QuerySet[Sandbox]) -> list[Active]:
    """The five that did most at their newest sample; started last decides between equals and stands in for none."""
    keys = set(sandboxes.values_list("pk", flat=True))
    cpu: dict[int, float] = {}
    for frame in fleet.latest_frames(list(sandboxes.order_by().values_list("account_id", flat=True).distinct())):
        cpu |= {
            key: used / 100
            for key, used, age in zip(frame.keys, frame.cpu, frame.ages, strict=True)
            if key in keys and age != frame.NO_SAMPLE
        }
    busiest = sorted(cpu, key=lambda key: cpu[key], reverse=True)[:MOST_ACTIVE]
    newest = sandboxes.order_by("-started_at").values_list("pk", flat=True)[:MOST_ACTIVE]
    chosen = list(dict.fromkeys([*busiest, *newest]))[:MOST_ACTIVE]
    rows = Sandbox.objects.select_related("account").in_bulk(chosen)
    return [Active(rows[key], cpu.get(key)) for key in chosen if key in rows]


def _act(
    page: "admin.ModelAdmin[Any]", request: HttpRequest, fit: QuerySet[Sandbox], kind: Kind, form: Answers
) -> None:
    given = form.cleaned_data
    who = Asking("user", request.user.get_username(), request.user.pk)
    keys: Sequence[int] = list(fit.order_by("pk").values_list("pk", flat=True))
    wanted = {"seconds": given.get("seconds"), "reason": given["reason"]}
    bulk, held = held_back.request_bulk(who, keys, kind, timezone.now(), **wanted)
    if held is not None:
        page.message_user(request, "It waits for a second person: see the Cleanup page", messages.WARNING)
        return
    if bulk.count:
        page.message_user(request, f"{kind.label}: {bulk.count} taken, bulk {bulk.bulk_id}.", messages.SUCCESS)
    for why in sorted(set(bulk.refused.values())):
        number = list(bulk.refused.values()).count(why)
        page.message_user(request, f"{number} not taken: {why}.", messages.WARNING)


def _question(
    page: "admin.ModelAdmin[Any]", request: HttpRequest, chosen: QuerySet[Sandbox], fit: QuerySet[Sandbox],
    kind: Kind, form: Answers, count: int,
) -> dict[str, Any]:  # fmt: skip
    across = request.POST.get("select_across") == "1"
    selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
    return {
        **page.admin_site.each_context(request),
        "title": f"{kind.label} {count:,} sandbox{'es' if count != 1 else ''}?",
        "opts": page.model._meta,
        "kind": kind,
        "count": count,
        "unfit": chosen.count() - count,
        "burn": fit.aggregate(sum=Sum("burn_usd_per_hour"))["sum"] or Decimal(0),
        "protected": fit.filter(lock__protected=True).count(),
        "active": most_active(fit),
        "form": form,
        "selected": selected[:1] if across else selected,
        "across": across,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
