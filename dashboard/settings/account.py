"""Settings, Account: who is watched, what its backend can do, and the little that is safe to change."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_POST

from dashboard.access import callers
from dashboard.access.asking import asking
from dashboard.accounts import capability_words
from dashboard.fleet.attention_words import round_name
from dashboard.settings import permissions
from dashboard.settings.forms import BRAKE, AccountForm, KeyForm
from sandboxes.actions import brake
from sandboxes.cleanup import held_back
from sandboxes.core import queue
from sandboxes.core.accounts import health_of
from sandboxes.models import Account, AccountHealth
from sandboxes.models.fields import is_set, opened

KEY_AND_ADDRESS: Final = ("E2B_API_KEY", "E2B_API_URL")
FIELDS: Final = ("cap", "owner_keys", "environment_keys", "keep_metadata", "store_metadata_keys", "actions")
ACTIONS = (
    ("none", gettext_noop("Nobody: read-only")),
    ("people", gettext_noop("People and API tokens")),
    ("policies", gettext_noop("Enforcing policies too")),
)


@permissions.staff_changes
def reset_brake(request: HttpRequest) -> HttpResponse:
    """Lets policies act on the account again."""
    account = permissions.chosen(request)
    if account is not None and request.method == "POST":
        brake.reset(account, request.user.get_username(), timezone.now())
        permissions.changed(request, account, "Safety limit reset: policies may act on this account again")
    return redirect(reverse("settings-account") + permissions.of_the_same(request, account))


@permissions.staff_changes
def page(request: HttpRequest) -> HttpResponse:
    """Shows the account; a POST changes cap and keys."""
    account = permissions.chosen(request)
    if account is None:
        return permissions.show(request, "account", {})
    form = AccountForm(request.POST, account=account) if request.method == "POST" else AccountForm.of(account)
    if request.method == "POST" and form.is_valid():
        _save(request, account, form)
        return redirect(reverse("settings-account") + permissions.of_the_same(request, account))
    can = capability_words.table(account.capabilities)
    health = health_of(account)
    context = {
        "account": account,
        "health": health,
        "has_key": is_set(account, "api_key"),
        "key_lost": opened(account, "api_key") is None,
        "form": form,
        "can": [(capability_words.title(name), can[name]) for name in capability_words.WORDS],
        "cap_in_environment": settings.CONCURRENCY_CAP,
        "not_stored": not_stored(account),
        "from_environment": _from_environment(account),
        "key_variable": KEY_AND_ADDRESS[0] if KEY_AND_ADDRESS[0] in _from_environment(account) else "",
        "actions": [(name, gettext(word)) for name, word in ACTIONS],
        "brake": brake.tripped([account.pk]).get(account.pk),
        "limits": brake.limits_of(account, timezone.now()),
        "same_fleet_as": account.same_fleet_as,
        "failing": _failing(health),
    }
    return permissions.show(request, "account", context, wrong=request.method == "POST")


@require_POST
@permissions.staff_changes
def key(request: HttpRequest) -> HttpResponse:
    """Puts another API key on record; it is never shown."""
    account, form = permissions.chosen(request), KeyForm(request.POST)
    if account is not None and form.is_valid():
        account.api_key = form.cleaned_data["api_key"]
        account.save(update_fields=["api_key"])
        permissions.changed(request, account, "API key entered again")
    elif account is not None:
        messages.error(request, str(form.errors["api_key"][0]))
    return redirect(reverse("settings-account") + permissions.of_the_same(request, account))


@require_POST
@permissions.staff_changes
def retry(request: HttpRequest) -> HttpResponse:
    """Reads the lists now instead of at the next round; what came of it shows on the page that follows."""
    account = permissions.chosen(request)
    if account is not None:
        asked = queue.try_enqueue("events.tasks.sync")
        told = (
            gettext("Asked again: reload in a few seconds")
            if asked
            else gettext("Redis is unavailable: try again in a moment")
        )
        (messages.success if asked else messages.error)(request, told)
    return redirect(reverse("settings-account") + permissions.of_the_same(request, account))


def not_stored(account: Account) -> list[str]:
    """Keys that this account's owners, environments and protection are read from and that it does not store."""
    if account.store_metadata_keys is None:
        return []
    kept = [pair.partition("=")[0].strip() for pair in account.keep_metadata]
    used = dict.fromkeys([*account.owner_keys, *account.environment_keys, *kept])
    return [key for key in used if key not in account.store_metadata_keys]


def _from_environment(account: Account) -> list[str]:
    """The variables that set this account's key and address again at each start (`manage.py bootstrap`)."""
    return [name for name in KEY_AND_ADDRESS if account.name == "default" and getattr(settings, name)]


def _failing(health: AccountHealth) -> list[tuple[str, datetime, str]]:
    """Rounds whose last run failed: which, since when, why."""
    found = sorted(health.round_errors.items())
    return [(round_name(name), datetime.fromisoformat(told["since"]), told["error"]) for name, told in found]


def _save(request: HttpRequest, account: Account, form: AccountForm) -> None:
    sent: dict[str, Any] = {name: form.cleaned_data[name] for name in FIELDS if name in form.data}  # others stay
    if any(f"brake_{name}" in form.data for name in BRAKE):
        sent["brake"] = form.brake()
        who = asking(callers.of_request(request))
        if held_back.raise_brake(who, account, sent["brake"], timezone.now()) is not None:
            del sent["brake"]
            permissions.held(request)
    changes = {name: value for name, value in sent.items() if getattr(account, name) != value}
    for name, value in changes.items():
        setattr(account, name, value)
    account.save(update_fields=list(changes))
    said = "; ".join(f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in changes.items())
    if said:
        permissions.changed(request, account, f"Account changed, {said}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{most} {name.replace('_', ' ')}" for name, most in value.items())
    return (", ".join(value) if isinstance(value, list) else str(value or "")) or "none"
