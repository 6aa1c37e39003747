"""`/me`: who calls, and what they may do."""

from typing import Literal

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from dashboard.access.rights import SCOPES
from dashboard.api.answers import answer, caller, returns
from dashboard.api.naming import account_names

router = Router(tags=["access"])


class Me(msgspec.Struct, frozen=True):
    """`role` is null for a token; `accounts` are names, or `*` alone for all, later ones too."""

    kind: Literal["user", "token"]
    name: str
    role: str | None
    scopes: list[str]
    accounts: list[str]


@router.get("", operation_id="get_me", **returns(Me))
def me(request: HttpRequest) -> HttpResponse:
    """The caller as the server sees it now."""
    who = caller(request)
    scopes = [str(scope) for scope in SCOPES if scope in who.rights.scopes]
    return answer(Me(who.kind, who.name, who.role, scopes, account_names(who.rights.accounts)))
