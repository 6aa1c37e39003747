"""Settings, Webhook: registered in one click, changed, tried, and its health from both ends."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from dashboard.settings import permissions
from dashboard.settings.forms import ByHandForm, WebhookForm
from dashboard.ui import formats
from events import missed
from events.webhooks import BadAddress, NotDone, doubt, proposed, registration, test_delivery, view_of
from events.webhooks.address import is_private
from events.webhooks.local_view import our_view
from sandboxes.core.accounts import health_of
from sandboxes.e2b import E2BError
from sandboxes.models import Account
from sandboxes.models.fields import is_set

Deed = Callable[[HttpRequest, Account], str | HttpResponse]
FAILED: Final = (NotDone, E2BError, BadAddress)


@permissions.staff_changes
def page(request: HttpRequest) -> HttpResponse:
    """The section; without an account a word on how one is added."""
    account = permissions.chosen(request)
    return permissions.show(request, "webhook", _context(request, account) if account else {})


@permissions.staff_changes
def do(request: HttpRequest, deed: str) -> HttpResponse:
    """One of DEEDS; what the backend refused is said on the page, and nothing of it is on record as done."""
    account = permissions.chosen(request)
    if account is None or deed not in DEEDS:
        raise Http404
    if request.method != "POST":  # an answer's address, opened again
        return redirect(reverse("settings") + permissions.of_the_same(request, account))
    try:
        done = DEEDS[deed](request, account)
    except FAILED as error:
        messages.error(request, f"{error}.")
        done = ""
    if isinstance(done, HttpResponse):
        return done
    if done:
        permissions.changed(request, account, done)
    return redirect(reverse("settings") + permissions.of_the_same(request, account))


def _register(request: HttpRequest, account: Account) -> str | HttpResponse:
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return permissions.show(request, "webhook", _context(request, account, form), wrong=True)
    url, events = form.cleaned_data["url"], form.cleaned_data["events"]
    if account.webhook_id:
        async_to_sync(registration.change)(account.pk, url, events)
        return f"Webhook changed: {len(events)} event types to {url}"
    async_to_sync(registration.register)(account.pk, url, events)
    permissions.look_again(2)
    return f"Webhook registered: deliveries go to {url}"


def _by_hand(request: HttpRequest, account: Account) -> str | HttpResponse:
    form = ByHandForm(request.POST)
    if not form.is_valid():
        return permissions.show(request, "webhook", _context(request, account, by_hand=form), wrong=True)
    async_to_sync(registration.set_by_hand)(account.pk, form.cleaned_data["url"], form.cleaned_data["secret"])
    return "Address and secret saved" if form.cleaned_data["secret"] else "Address saved; the secret is unchanged"


def _rotate(_request: HttpRequest, account: Account) -> str:
    async_to_sync(registration.rotate)(account.pk)
    permissions.look_again(registration.SETTLE.total_seconds() + 1)
    return "New secret created: it is sent to the backend in a few seconds, and the old one stays valid for 24 h"


def _enable(_request: HttpRequest, account: Account) -> str:
    async_to_sync(registration.enable)(account.pk, on=True)
    return "Deliveries resumed"


def _disable(_request: HttpRequest, account: Account) -> str:
    async_to_sync(registration.enable)(account.pk, on=False)
    return "Deliveries stopped: events are fetched through the events API"


def _delete(_request: HttpRequest, account: Account) -> str:
    async_to_sync(registration.delete)(account.pk)
    return "Webhook and its secret deleted"


def _test(request: HttpRequest, account: Account) -> HttpResponse:
    """Only ever to the address on record, never to one that comes with the request."""
    tried = async_to_sync(test_delivery.send)(account)
    permissions.wrote(request, account, f"Test delivery to {account.webhook_url}: {tried.verdict}")
    return permissions.show(request, "webhook", {**_context(request, account), "trial": tried})


DEEDS: Final[dict[str, Deed]] = {
    "register": _register,
    "by-hand": _by_hand,
    "rotate": _rotate,
    "enable": _enable,
    "disable": _disable,
    "delete": _delete,
    "test": _test,
}


def _context(
    request: HttpRequest, account: Account, form: WebhookForm | None = None, by_hand: ByHandForm | None = None
) -> dict[str, Any]:
    health, typed = health_of(account), form or by_hand
    theirs = view_of(health)
    url = str(typed["url"].value() or "") if typed else _address(request, account)
    ours = our_view(health, timezone.now())
    wanted = form["events"].value() if form else account.webhook_events or sorted(missed.SUBSCRIBED)
    return {
        "account": account,
        "health": health,
        "url": url,
        "doubt": _doubt(url, account),
        "errors": typed.errors if typed else {},
        "types": [(one, one.rpartition(".")[2], one in wanted) for one in _types(account)],
        "by_hand": account.capabilities.get("webhooks") is False,
        "has_secret": is_set(account, "webhook_secret"),
        "pending": registration.is_pending(account),
        "old_secret_until": account.previous_secret_until if _both_hold(account) else None,
        "ours": ours,
        "lag": [_lag(seconds) for seconds in (ours.lag_p50_seconds, ours.lag_p95_seconds)],
        "theirs": theirs,
        "answered": [_lag(milliseconds / 1000) for milliseconds in (theirs.average_ms, theirs.maximum_ms)],
        "backend": gettext("the simulator") if account.simulated else urlsplit(account.url).hostname,
    }


def _address(request: HttpRequest, account: Account) -> str:
    """What is registered, else our own address: PUBLIC_URL where that is public, else as the browser found us."""
    if account.webhook_url:
        return account.webhook_url
    public = is_private(urlsplit(settings.PUBLIC_URL).hostname or "")
    return proposed(request.build_absolute_uri("/") if public else settings.PUBLIC_URL, account.name)


def _doubt(url: str, account: Account) -> str:
    try:
        return doubt(url, account.url)
    except BadAddress:
        return ""  # what is wrong with it is said beside it


def _types(account: Account) -> list[str]:
    """In the order of a life; others that the backend knows of come last."""
    order = ["created", "updated", "paused", "resumed", "checkpointed", "killed"]
    known = sorted(missed.SUBSCRIBED, key=lambda one: order.index(one.rpartition(".")[2]))
    return known + [one for one in account.webhook_events if one not in missed.SUBSCRIBED]


def _both_hold(account: Account) -> bool:
    until = account.previous_secret_until
    return bool(is_set(account, "previous_webhook_secret") and until and until > timezone.now())


def _lag(seconds: float | None) -> str:
    """`38 ms`, `2.4 s`, `12 min`."""
    if seconds is None or seconds >= 60:
        return formats.span(seconds)
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
