"""`/owner-callback`: where an account's application is asked which of its sandboxes are dead."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime
from typing import Annotated

import msgspec
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.api.answers import answer, nothing, returns
from dashboard.api.errors import bad_request, not_found
from dashboard.api.params import Form, Word
from sandboxes.cleanup.owner_callback.asking import LONGEST_SECONDS
from sandboxes.core.accounts import by_name
from sandboxes.models import Account, OwnerCallback
from sandboxes.models.callback import SHORTEST_SECRET

router = Router(tags=["policies"])
_is_url = URLValidator(schemes=["http", "https"])


class Whose(Form):
    """The first account unless named."""

    account: Word = ""


class CallbackBody(Form):
    """The whole of it; a `secret` that is left out stays as it is."""

    url: Annotated[str, Field(strict=True, max_length=500)]
    secret: Annotated[str, Field(strict=True, min_length=SHORTEST_SECRET, max_length=256)] | None = None
    enabled: Annotated[bool, Field(strict=True)] = True
    timeout_seconds: Annotated[float, Field(gt=0, le=LONGEST_SECONDS)] = 5.0


class CallbackView(msgspec.Struct, frozen=True):
    """Never with its secret. `answered_at`: the last answer that could be read; `error`: why the last could not."""

    account: str
    url: str
    enabled: bool
    timeout_seconds: float
    asked_at: datetime | None
    answered_at: datetime | None
    error: str


@router.get("", operation_id="get_owner_callback", **returns(CallbackView))
def read(request: HttpRequest, asked: Query[Whose]) -> HttpResponse:
    """How it is set, and how the last question went."""
    return _view(_callback_of(_account(asked.account)))


@router.put("", operation_id="set_owner_callback", **returns(CallbackView))
def put(request: HttpRequest, body: CallbackBody, asked: Query[Whose]) -> HttpResponse:
    """Sets it. From the next round on only who is named as dead is marked or acted on by a policy."""
    account = _account(asked.account)
    try:
        _is_url(body.url)
    except ValidationError:
        raise bad_request("url must be an http or https address", {"field": "url"}) from None
    kept = OwnerCallback.objects.filter(account=account).first() or OwnerCallback(account=account)
    if body.secret is None and kept.pk is None:
        raise bad_request(f"secret is missing: at least {SHORTEST_SECRET} characters", {"field": "secret"})
    kept.url, kept.enabled, kept.timeout_seconds = body.url, body.enabled, body.timeout_seconds
    try:
        kept.clean()
    except ValidationError as error:
        raise bad_request(f"url: {error.messages[0]}", {"field": "url"}) from None
    if body.secret is not None:
        kept.secret = body.secret
    kept.save()
    return _view(kept)


@router.delete("", operation_id="delete_owner_callback", **returns(None, 204))
def delete(request: HttpRequest, asked: Query[Whose]) -> HttpResponse:
    """Nobody is asked any more."""
    _callback_of(_account(asked.account)).delete()
    return nothing()


def _account(name: str) -> Account:
    account = by_name(name)
    if account is None:
        raise not_found(f"account {name!r}")
    return account


def _callback_of(account: Account) -> OwnerCallback:
    found = OwnerCallback.objects.filter(account=account).select_related("account").first()
    if found is None:
        raise not_found(f"an owner callback of {account.name}")
    return found


def _view(one: OwnerCallback) -> HttpResponse:
    return answer(
        CallbackView(
            one.account.name, one.url, one.enabled, one.timeout_seconds, one.asked_at, one.answered_at, one.error
        )
    )
