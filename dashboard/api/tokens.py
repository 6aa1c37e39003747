"""`/tokens`: one's own API tokens; for admins of all accounts everybody's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from dashboard.access import tokens
from dashboard.access.people import NotGiven
from dashboard.access.rights import SCOPES, Verb
from dashboard.api.answers import answer, caller, nothing, returns
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.naming import ALL, account_keys, account_names, all_names
from dashboard.api.once import never_kept
from dashboard.api.paging import by_key
from dashboard.api.params import Form, Moment, Paged, Text
from dashboard.models import ApiToken
from sandboxes.fleet.search import Page

router = Router(tags=["access"])


class TokenBody(Form):
    """What it may do: within what whoever makes it may do. For good without `expires_at`."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Text], Field(min_length=1, json_schema_extra={"items": {"enum": [*map(str, SCOPES)]}})]
    accounts: list[Text] = [ALL]
    expires_at: Moment | None = None


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """`prefix` is how its text begins; null for one made before prefixes. `made_by` is null for the environment's."""

    id: int
    name: str
    prefix: str | None
    scopes: list[str]
    accounts: list[str]
    made_by: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    expired: bool


class TokenMade(Token, frozen=True, kw_only=True):
    """With its text, which is told this once."""

    token: str


TokenList = msgspec.defstruct(
    "TokenList", [("items", list[Token]), ("next", str | None), ("total", int)], module=__name__
)


@router.get("", operation_id="list_tokens", **returns(TokenList))
def list_tokens(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """Those that hold or did, the newest first; never with their text."""
    found, known = tokens.seen_by(caller(request)), all_names()
    shown, following = by_key(found, asked)
    return answer(Page([_row(one, known) for one in shown], following, found.count()))


@router.post("", operation_id="create_token", **returns(TokenMade, 201))
def create(request: HttpRequest, body: TokenBody) -> HttpResponse:
    """A new one. 403 for a scope or an account that the caller lacks, 409 for a name that was ever given."""
    who, unknown = caller(request), sorted(set(body.scopes) - {*map(str, SCOPES)})
    if unknown:
        raise bad_request(f"scopes: {unknown[0]!r} is none of {', '.join(SCOPES)}", {"field": "scopes"})
    if body.expires_at is not None and body.expires_at <= timezone.now():
        raise bad_request("expires_at must lie ahead", {"field": "expires_at"})
    if ApiToken.objects.filter(name=body.name).exists():
        raise Refusal(409, "name_in_use", f"a token named {body.name!r} exists or existed")
    wanted = [Verb(scope) for scope in dict.fromkeys(body.scopes)]
    try:
        made, text = tokens.make(who, _maker(who.key), body.name, wanted, account_keys(body.accounts), body.expires_at)
    except NotGiven as lacking:
        lacks = [str(scope) for scope in wanted if scope not in who.rights.scopes] or ["accounts"]
        raise Refusal(403, "forbidden", str(lacking), details={"needs": lacks}) from None
    return never_kept(answer(TokenMade(**msgspec.structs.asdict(_row(made)), token=text), 201), made.pk)


@router.get("/{int:token_id}", operation_id="get_token", **returns(Token))
def one(request: HttpRequest, token_id: int) -> HttpResponse:
    """One, without its text."""
    return answer(_row(_token(request, token_id)))


@router.delete("/{int:token_id}", operation_id="revoke_token", **returns(None, 204))
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """It opens nothing from now on; its name stays taken, the audit trail has it."""
    tokens.revoke(_token(request, token_id))
    return nothing()


def _token(request: HttpRequest, token_id: int) -> ApiToken:
    found = tokens.seen_by(caller(request)).filter(pk=token_id).first() if token_id < 2**63 else None
    if found is None:
        raise not_found(f"token {token_id}")
    return found


def _maker(key: str) -> object | None:
    """The person behind the call: of a token its own maker, so that a chain of tokens ends with them."""
    kind, _, number = key.partition(":")
    if kind == "user":
        return get_user_model().objects.get(pk=number)
    made = ApiToken.objects.select_related("made_by").filter(pk=number if number.isdecimal() else 0).first()
    return made.made_by if made is not None else None


def _row(token: ApiToken, known: Mapping[int, str] | None = None) -> Token:
    return Token(
        id=token.pk, name=token.name, prefix=token.prefix or None,
        scopes=[str(scope) for scope in SCOPES if scope in token.scopes], accounts=account_names(token.accounts, known),
        made_by=token.made_by.get_username() if token.made_by is not None else None, created_at=token.created_at,
        expires_at=token.expires_at, last_used_at=token.last_used_at, revoked_at=token.revoked_at,
        expired=token.has_expired,
    )  # fmt: skip
