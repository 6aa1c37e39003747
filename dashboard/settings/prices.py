"""Settings, Prices: the dated price book. A price is added from now on or later; the past keeps its own."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from dashboard.settings import permissions
from dashboard.settings.forms import PriceForm
from dashboard.ui import formats
from sandboxes.models import Price


@permissions.staff_changes
def page(request: HttpRequest) -> HttpResponse:
    """The book, newest first; a POST adds a price."""
    form = PriceForm(request.POST) if request.method == "POST" else PriceForm()
    if request.method == "POST" and form.is_valid():
        price = Price.objects.create(**form.rate())
        permissions.changed(request, price, f"Price from {formats.exact(price.since)} on added", added=True)
        return redirect("settings-prices")
    now, book = timezone.now(), list(Price.objects.order_by("-since"))
    in_force = next((one.pk for one in book if one.since <= now), None)
    rows = [_row(one, "to come" if one.since > now else "in force" if one.pk == in_force else "past") for one in book]
    return permissions.show(request, "prices", {"rows": rows, "form": form}, wrong=request.method == "POST")


def _row(price: Price, state: str) -> dict[str, object]:
    """A line of the table: what a second costs, and what an hour of it does."""
    rates = {"cpu": price.usd_per_vcpu_second, "gib": price.usd_per_gib_second}
    seconds = {f"{name}_second": _plain(rate) for name, rate in rates.items()}
    hours = {f"{name}_hour": _plain((rate * 3600).quantize(Decimal("0.0001"))) for name, rate in rates.items()}
    return {"since": price.since, "state": state, **seconds, **hours}


def _plain(rate: Decimal) -> str:
    """`$0.0000045`: neither an exponent nor zeros at its end."""
    text = f"{rate:f}"
    return "$" + (text.rstrip("0").rstrip(".") if "." in text else text)
