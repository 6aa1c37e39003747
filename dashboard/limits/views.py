"""The Limits page, what unfolds under a row, and the form of one limit."""

from decimal import Decimal
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.access import callers, reach
from dashboard.limits import form as limit_form
from dashboard.limits import inside, writing
from dashboard.limits.rows import Row, rows_of, sections, summary
from dashboard.settings import permissions
from sandboxes.core.accounts import enabled_accounts, kept_accounts
from sandboxes.cost import Question, metadata_keys, running_now, spend, template_names
from sandboxes.limits import book
from sandboxes.limits.live import stand
from sandboxes.limits.settled import Settled
from sandboxes.limits.spec import LimitError
from sandboxes.models import Limit

SHOWN: Final = {"": None, "over": "over", "near": "warn"}
KEYS: Final = ("owner", "environment", "template", "account")
SETTLED: Final = Settled()  # of this process


@login_required
def limits(request: HttpRequest) -> HttpResponse:
    """Who is over, who is near, and who will reach a budget; `?show=over` or `near` leaves the others out."""
    now, show = timezone.now(), request.GET.get("show", "")
    rows = rows_of(stand(now, SETTLED.spent), book.seen_names(), template_names(), now)
    wanted = SHOWN.get(show)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = Question(midnight, now) if midnight < now else None
    spent = spend(asked, now, waste=False).total_usd if asked else Decimal(0)
    burn = sum((one.usd_per_hour for one in running_now(Question(midnight, now)).values()), Decimal(0)) if asked else 0
    context = {
        "now": now, "show": show, "rows": rows, "there": book.visible().count(),
        "sections": sections([row for row in rows if wanted in (None, row.stands.now.state)]),
        "told": summary(rows, spent, Decimal(burn), now), "unused": _unused(rows),
        "several": len(enabled_accounts()) > 1, "may_change": permissions.may_change(request),
    }  # fmt: skip
    if not context["there"]:
        context |= inside.most_used(now)
    return render(request, "limits/page.html", context)


@login_required
def unfolded(request: HttpRequest, limit_id: int) -> HttpResponse:
    """The day of one row, where its money goes and what follows. Raises Http404."""
    limit, now = _limit(limit_id), timezone.now()
    value, account = request.GET.get("value", ""), request.GET.get("of", "")
    found = [
        one for one in stand(now, SETTLED.spent)
        if (one.now.limit, one.now.value, str(one.now.account or "")) == (limit.pk, value, account)
    ]  # fmt: skip
    if not found:
        raise Http404
    (row,) = rows_of(found[:1], book.seen_names(), template_names(), now)
    context = {"row": row, "limit": limit, "may_change": permissions.may_change(request), **inside.inside(row, now)}
    return render(request, "limits/inside.html", context)


@permissions.staff_changes
def edit(request: HttpRequest, limit_id: int | None = None) -> HttpResponse:
    """The form of a limit, new or stored; a POST saves it. Raises PermissionDenied for accounts the writer lacks."""
    limit = None if limit_id is None else _limit(limit_id)
    if request.method != "POST":
        return _form(request, limit, _stored(request, limit))
    if limit is not None:
        reach.check(callers.of_request(request), writing.accounts_of(limit))
    try:
        written = writing.write(callers.of_request(request), limit_form.read(request.POST), limit)
    except LimitError as error:
        return _form(request, limit, request.POST.dict(), limit_form.wrong(error))
    permissions.changed(request, written, f"Limit {written.name} saved", added=limit is None)
    return redirect("limits")


@permissions.staff_changes
@require_POST
def delete(request: HttpRequest, limit_id: int) -> HttpResponse:
    """Deletes it. Raises PermissionDenied for accounts the writer lacks."""
    limit = _limit(limit_id)
    reach.check(callers.of_request(request), writing.accounts_of(limit))
    try:
        permissions.wrote(request, limit, f"Limit {limit.name} deleted")
        book.delete(limit)
    except book.Needed as why:
        return _form(request, limit, _stored(request, limit), {"": str(why)[:1].upper() + str(why)[1:]})
    return redirect("limits")


def _form(
    request: HttpRequest, limit: Limit | None, form: dict[str, str], wrong: dict[str, str] | None = None
) -> HttpResponse:
    keys = [*KEYS, *(f"metadata.{key}" for key in metadata_keys())]
    context: dict[str, Any] = {
        "limit": limit, "form": form, "wrong": wrong or {}, "elsewhere": (wrong or {}).get("", ""),
        "keys": keys if form.get("key") in keys else [*keys, form.get("key", "")],
        "several": len(kept_accounts()) > 1, "may_change": permissions.may_change(request),
        "over": _over(limit) if limit is not None else [],
    }  # fmt: skip
    return render(request, "limits/limit.html", context, status=422 if wrong else 200)


def _stored(request: HttpRequest, limit: Limit | None) -> dict[str, str]:
    """What stands in the form at first: of a new one what the address fills in."""
    if limit is not None:
        return limit_form.typed(book.spec_of(limit, book.seen_names()))
    filled = {name: request.GET[name] for name in limit_form.FIELDS if name in request.GET}
    return {**limit_form.BLANK, **filled}


def _limit(limit_id: int) -> Limit:
    """Raises Http404 for one that is not there, or counts hidden accounts alone."""
    return get_object_or_404(book.visible(), pk=limit_id)


def _over(limit: Limit) -> list[str]:
    """Who is over it now, by name."""
    found = stand(timezone.now(), SETTLED.spent)
    return [one.now.value for one in found if one.now.limit == limit.pk and one.now.state == "over"]


def _unused(rows: list[Row]) -> list[Limit]:
    """Limits that nobody uses: they have no row."""
    return list(book.visible().exclude(pk__in={row.stands.now.limit for row in rows}).order_by("name"))
