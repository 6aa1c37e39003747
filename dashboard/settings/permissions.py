"""What the sections of Settings stand on: whose account, who may change it, what is said afterwards, and the trail."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, cast

from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from dashboard.access import callers, rules
from dashboard.access.rights import Verb
from sandboxes.core import queue
from sandboxes.core.accounts import enabled_accounts
from sandboxes.models import Account

SECTIONS: Final = (
    ("settings", gettext_noop("Webhook")),
    ("settings-accounts", gettext_noop("Accounts")),
    ("settings-account", gettext_noop("Account")),
    ("settings-people", gettext_noop("People")),
    ("settings-tokens", gettext_noop("API tokens")),
    ("settings-prices", gettext_noop("Prices")),
    ("settings-audit", gettext_noop("Audit")),
    ("settings-system", gettext_noop("System")),
    ("settings-sign-in", gettext_noop("Sign-in")),
    ("settings-password", gettext_noop("Password")),
)
OWN: Final = frozenset({"tokens", "sign-in", "password", "audit"})  # of whoever is signed in, not of the account
SECTION_OF: Final = {name.partition("-")[2] or "webhook": name for name, _ in SECTIONS}
Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def staff_changes(view: View[Rest]) -> View[Rest]:
    """Everybody signed in may look; only admins may send anything. Raises PermissionDenied."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if request.method not in {"GET", "HEAD"} and not may_change(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return cast("View[Rest]", login_required(guarded))


def signed_in(view: View[Rest]) -> View[Rest]:
    """Everybody who is signed in, for what is their own."""
    return login_required(view)


def may_change(request: HttpRequest) -> bool:
    """Whether whoever asks is an admin, of some accounts or of all."""
    return may(request, Verb.ADMIN)


def may(request: HttpRequest, verb: Verb) -> bool:
    """Whether whoever asks may do this in some account that they hold."""
    return callers.may(callers.of_request(request), verb)


def chosen(request: HttpRequest) -> Account | None:
    """The account that the address names, else the first at work; None when there is none."""
    accounts = enabled_accounts()
    name = request.GET.get("account", "")
    return next((one for one in accounts if one.name == name), accounts[0] if accounts else None)


def of_the_same(request: HttpRequest, account: Account | None) -> str:
    """The query that keeps the address on the account it names; empty where it names none."""
    return f"?account={account.name}" if account and request.GET.get("account") else ""


def show(request: HttpRequest, section: str, context: dict[str, Any], *, wrong: bool = False) -> HttpResponse:
    """A section as a page. What was typed wrong is a 422, but for htmx, which shows nothing else than a 200."""
    status = 422 if wrong and not request.headers.get("HX-Request") else 200
    shown = {**around(request, section, context.get("account")), **context}
    response = render(request, f"settings/{section}.html", shown, status=status)
    response["Cache-Control"] = "no-store"
    response["HX-Push-Url"] = reverse(SECTION_OF[section]) + shown["query"]
    return response


def around(request: HttpRequest, section: str, account: Account | None = None) -> dict[str, Any]:
    """What the frame of Settings shows around a section."""
    return {
        "sections": [(name, gettext(word)) for name, word in SECTIONS if may(request, rules.of_page(name, "GET"))],
        "may_change": may_change(request),
        "own": section in OWN,
        "accounts": enabled_accounts(),
        "query": of_the_same(request, account),
    }


def changed(request: HttpRequest, what: Model, sentence: str, *, added: bool = False) -> None:
    """Says it on the next page, and leaves a line in the admin's log: who, when, what."""
    wrote(request, what, sentence, added=added)
    messages.success(request, sentence)


def held(request: HttpRequest) -> None:
    """Says that it waits for a second person."""
    messages.info(request, gettext("Waiting for approval by a second person, for 10 minutes at most: see Cleanup"))


def wrote(request: HttpRequest, what: Model, sentence: str, *, added: bool = False) -> None:
    """The line in the admin's log alone."""
    flag = ADDITION if added else CHANGE
    who = cast("int", request.user.pk)  # only who is signed in comes here
    LogEntry.objects.log_actions(who, [what], flag, sentence, single_object=True)


def look_again(seconds: float) -> None:
    """Has the webhooks be looked after in so many seconds, instead of within a minute."""
    queue.try_enqueue("events.tasks.tend_webhooks", expires_seconds=None, in_seconds=seconds)
