"""What people do that changes no table and is audited all the same, and who may read the audit of settings."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from dashboard.access.callers import Caller, may
from dashboard.access.client_address import of_meta
from dashboard.access.rights import Verb
from sandboxes.actions import settings_trail
from sandboxes.core import acting, sight
from sandboxes.models import Account, AuditEntry

# Pages that answer with a file; a test holds this against what pages send as an attachment.
EXPORTS: Final = frozenset(
    {
        "sandboxes-csv",
        "sandboxes-json",
        "events-csv",
        "events-jsonl",
        "cost-csv",
        "cost-explained-csv",
        "cost-habits-csv",
        "settings-audit-csv",
    }
)
_LONGEST: Final = 500  # of an address


def seen_by(
    caller: Caller,
    *,
    subject: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    accounts: Collection[str] | None = None,
) -> QuerySet[AuditEntry]:
    """The entries that the caller may see and the filters match, the newest first. Raises ValueError for an unknown
    subject."""
    return settings_trail.TrailQuery(
        whole=may(caller, Verb.SYSTEM), own=caller.name if caller.kind == "user" else None, subject=subject,
        actor=actor, since=since, accounts=accounts,
    ).rows()  # fmt: skip


def note_export(request: HttpRequest, page: str, response: HttpResponseBase) -> None:
    """That a file is being sent: of which page, with which filters, of whose accounts."""
    if page not in EXPORTS or response.status_code != 200:
        return
    seen = sight.looked_at(list(Account.objects.only("name").order_by("name")))
    told = {"filters": request.META.get("QUERY_STRING", "")[:_LONGEST]}
    settings_trail.note("export", page, "downloaded", told, [account.name for account in seen])


def watch() -> None:
    """Has sign-ins noted: called once, when the app is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="sandwarden-audit")
    user_logged_out.connect(_signed_out, dispatch_uid="sandwarden-audit")
    user_login_failed.connect(_failed, dispatch_uid="sandwarden-audit")


def _signed_in(request: HttpRequest | None, user: Any, **_: object) -> None:
    _note(request, user.get_username(), "succeeded")


def _signed_out(request: HttpRequest | None, user: Any, **_: object) -> None:
    if user is not None:
        _note(request, user.get_username(), "ended")


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: object) -> None:
    """A name that is nobody's is left out: it may be a password that was typed in the wrong box. How many entries a
    sender can add is bounded by the brake on guessing."""
    typed = str(credentials.get("username", "")).replace("\0", "")
    known = User.objects.filter(username=typed).exists()
    if not getattr(request, "sign_in_braked", False):
        _note(request, typed if known else "", "failed")


def _note(request: HttpRequest | None, name: str, verb: str) -> None:
    if request is None:  # by a command
        return
    address = of_meta(request.META, settings.TRUSTED_PROXIES)
    with acting.acting("nobody" if verb == "failed" else "user", "" if verb == "failed" else name):
        settings_trail.note("sign-in", name, verb, {"address": address})
