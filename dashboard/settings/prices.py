"""Settings, Prices: the dated price book. A price is added from now on or later; the past keeps its own."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from dashboard.accounts import pricing
from dashboard.settings import permissions
from dashboard.settings.forms import PriceForm
from dashboard.ui import formats
from sandboxes.core.accounts import kept_accounts
from sandboxes.models import AccountPrice, Price


@permissions.staff_changes
def page(request: HttpRequest) -> HttpResponse:
    """The book, newest first; a POST adds a price."""
    form = PriceForm(request.POST) if request.method == "POST" else PriceForm()
    if request.method == "POST" and form.is_valid():
        try:
            price = form.save()
        except pricing.Taken as taken:
            form.add_error("since", str(taken))
        else:
            whose = f" ({form.cleaned_data['account']})" if form.cleaned_data["account"] else ""
            permissions.changed(request, price, f"Price from {formats.exact(price.since)} on added{whose}", added=True)
            return redirect("settings-prices")
    now, accounts = timezone.now(), kept_accounts()
    book = pricing.visible(accounts)
    current = pricing.in_force(book, now)
    rows = [_row(*one, "to come" if one[1].since > now else "in force" if one in current else "past") for one in book]
    context = {"rows": rows, "form": form, "choices": accounts}
    return permissions.show(request, "prices", context, wrong=request.method == "POST")


def _row(account: str | None, price: Price | AccountPrice, state: str) -> dict[str, object]:
    """A line of the table: what a second costs, and what an hour of it does."""
    rates = {"cpu": price.usd_per_vcpu_second, "gib": price.usd_per_gib_second}
    seconds = {f"{name}_second": _plain(rate) for name, rate in rates.items()}
    hours = {f"{name}_hour": _plain((rate * 3600).quantize(Decimal("0.0001"))) for name, rate in rates.items()}
    return {"account": account, "since": price.since, "state": state, **seconds, **hours}


def _plain(rate: Decimal) -> str:
    """`$0.0000045`: neither an exponent nor zeros at its end."""
    text = f"{rate:f}"
    return "$" + (text.rstrip("0").rstrip(".") if "." in text else text)
