"""On the Cost page: the bill explained, habits, and the check of invoices; the tables as CSV."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from dashboard.access import callers, reach
from dashboard.cost.ranges import Range
from dashboard.cost.views import asked
from dashboard.settings import permissions
from dashboard.ui import csv_text
from dashboard.ui.file_names import file_name
from sandboxes.core.accounts import enabled_accounts
from sandboxes.cost import Bill, Explained, Habit, QuestionError, explain, habits, template_names, watched_since
from sandboxes.cost.invoices import enter, invoices
from sandboxes.models import Account

MOST_ROWS: Final = 12
MOST_USD: Final = Decimal(1_000_000_000)
CAUSES: Final = (
    ("more_runs_usd", gettext_noop("More runs"), gettext_noop("fewer runs")),
    ("longer_runs_usd", gettext_noop("Longer runs"), gettext_noop("shorter runs")),
    ("bigger_machines_usd", gettext_noop("Bigger machines"), gettext_noop("smaller machines")),
    ("prices_usd", gettext_noop("Prices"), gettext_noop("prices")),
    ("idle_usd", gettext_noop("Idle time"), gettext_noop("less idle time")),
)


@login_required
def explained(request: HttpRequest) -> HttpResponse:
    """The chosen range against as long a time before it, and the invoices that were entered."""
    now = timezone.now()
    try:
        chosen, bill = _bill(request, now)
    except QuestionError as wrong:
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    watched = watched_since()
    context = {
        "bill": bill, "range": chosen.shown(), "names": template_names(),
        "causes": [_(word) for _name, word, _less in CAUSES], "total": _parts(bill.total),
        "rows": [(one, _parts(one)) for one in bill.items[:MOST_ROWS]], "more": max(0, len(bill.items) - MOST_ROWS),
        "why": _why(bill.total), "compared": watched is not None and watched <= bill.before,
        "export": _file(request, "explained.csv"), "invoices": invoices(now), "now": now,
        "accounts": enabled_accounts(), "may_change": permissions.may_change(request),
    }  # fmt: skip
    return render(request, "cost/explained.html", context)


@login_required
def explained_csv(request: HttpRequest) -> HttpResponse:
    """Every owner and template of it."""
    try:
        _chosen, bill = _bill(request, timezone.now())
    except QuestionError as wrong:
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    return _csv("bill-explained", Explained.__struct_fields__, bill.items)


@login_required
def habits_part(request: HttpRequest) -> HttpResponse:
    """Of the runs that ended in the chosen range: the row that would save most first."""
    now = timezone.now()
    try:
        chosen, _group = asked(request, now)
        items = habits(chosen.begin(now), chosen.end(now)).items
    except QuestionError as wrong:
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    context = {
        "rows": items[:MOST_ROWS], "more": max(0, len(items) - MOST_ROWS), "names": template_names(),
        "range": chosen.shown(), "export": _file(request, "habits.csv"),
        "saves": sum((one.saves_usd or Decimal(0) for one in items), Decimal(0)),
    }  # fmt: skip
    return render(request, "cost/habits.html", context)


@login_required
def habits_csv(request: HttpRequest) -> HttpResponse:
    """Every owner and template of them."""
    now = timezone.now()
    try:
        chosen, _group = asked(request, now)
        items = habits(chosen.begin(now), chosen.end(now)).items
    except QuestionError as wrong:
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    return _csv("habits", Habit.__struct_fields__, items)


@permissions.staff_changes
@require_POST
def invoice(request: HttpRequest) -> HttpResponse:
    """Stores what a month was charged at. Raises PermissionDenied for an account the writer lacks."""
    accounts = {account.name: account for account in enabled_accounts()}
    account = accounts.get(request.POST.get("account", "")) or next(iter(accounts.values()), None)
    month, usd = _month(request.POST.get("month", "")), _usd(request.POST.get("usd", ""))
    if account is None or month is None or usd is None:
        messages.error(request, _("Not saved: give a month that has begun, and an amount of dollars such as 1234.50"))
    else:
        _entered(request, account, month, usd)
    return redirect("cost")


def _entered(request: HttpRequest, account: Account, month: date, usd: Decimal) -> None:
    caller = callers.of_request(request)
    reach.check(caller, [account.name])
    stored = enter(account, month, usd, caller.label, timezone.now())
    permissions.changed(request, stored, f"Invoice of {account.name} for {month:%Y-%m} saved")


def _bill(request: HttpRequest, now: datetime) -> tuple[Range, Bill]:
    chosen, _group = asked(request, now)
    return chosen, explain(chosen.begin(now), chosen.end(now), now)


def _parts(one: Explained) -> list[Decimal]:
    return [getattr(one, name) for name, _word, _less in CAUSES]


def _why(total: Explained) -> list[tuple[str, Decimal]]:
    """The causes in words, the largest first; none for what changed nothing."""
    found = [(_(word).lower() if usd > 0 else _(less), usd) for (name, word, less) in CAUSES
             if round(usd := getattr(total, name), 2)]  # fmt: skip
    return sorted(found, key=lambda one: -abs(one[1]))


def _csv(name: str, fields: Sequence[str], items: Sequence[msgspec.Struct]) -> HttpResponse:
    rows: list[Sequence[Any]] = [fields, *([getattr(one, field) for field in fields] for one in items)]
    response = HttpResponse(csv_text.lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name("cost", [name], timezone.now(), "csv")}"'
    response["Cache-Control"] = "no-store"
    return response


def _file(request: HttpRequest, name: str) -> str:
    query = request.GET.urlencode()
    return f"{name}?{query}" if query else name


def _month(text: str) -> date | None:
    try:
        month = date.fromisoformat(f"{text.strip()}-01")
    except ValueError:
        return None
    return month if month <= timezone.now().date() else None


def _usd(text: str) -> Decimal | None:
    try:
        usd = Decimal(text.strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        return None
    return round(usd, 2) if usd.is_finite() and 0 <= usd <= MOST_USD else None
