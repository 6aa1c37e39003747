"""API tokens: whose they are, what may be put into one, and its end."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from dashboard.access.callers import Caller, may
from dashboard.access.people import NotGiven
from dashboard.access.rights import Rights, Verb
from dashboard.models import ApiToken


def seen_by(caller: Caller) -> QuerySet[ApiToken]:
    """All of them for admins of all accounts, else one's own; those that are over last."""
    found = ApiToken.objects.select_related("made_by").order_by(F("revoked_at").desc(nulls_first=True), "-created_at")
    if may(caller, Verb.SYSTEM):
        return found
    kind, _sep, key = caller.key.partition(":")
    if kind == "user":
        return found.filter(made_by=int(key))
    number = int(key) if key.isdecimal() else 0
    makers = ApiToken.objects.filter(pk=number, made_by__isnull=False).values("made_by")
    return found.filter(Q(pk=number) | Q(made_by__in=makers))


def make(
    by: Caller, maker: Any, name: str, scopes: Collection[Verb], accounts: Sequence[int] | None,
    expires_at: datetime | None,
) -> tuple[ApiToken, str]:  # fmt: skip
    """A new token, and its text. Raises NotGiven for scopes or accounts that whoever makes it lacks."""
    wanted = Rights(frozenset(scopes), None if accounts is None else frozenset(accounts))
    if not by.rights.covers(wanted):
        raise NotGiven("nobody gives a scope or accounts that they lack")
    return ApiToken.make(name, scopes=scopes, accounts=accounts, made_by=maker, expires_at=expires_at)


def revoke(token: ApiToken) -> bool:
    """It opens nothing from now on; False when it was revoked already."""
    return bool(ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()))
