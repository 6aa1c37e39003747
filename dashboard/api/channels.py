"""`/channels`: where notifications go, a test of each, and what was delivered there."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.access import deliveries as seen
from dashboard.api.answers import answer, caller, nothing, returns
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.paging import by_key
from dashboard.api.params import Form, Paged, Text
from sandboxes.fleet.search import Page
from sandboxes.models import Channel as Row
from sandboxes.models import Delivery
from sandboxes.notifications import book, events, health, outbox, trial
from sandboxes.notifications.addresses import LONGEST, BadChannel
from sandboxes.notifications.book import NameTaken, Wanted

router = Router(tags=["alerts"])
Kind = Literal["email", "slack", "pagerduty", "webhook", "apprise"]
Severity = Literal["info", "warning", "critical"]
_Strict = Annotated[bool, Field(strict=True)]
_Word = Annotated[Text, Field(max_length=64, json_schema_extra={"enum": list(events.EVENTS)})]


class ChannelBody(Form):
    """The whole of it. `url` and `secret` are write-only: left out at a PUT, they stay.

    `url`: `mailto:` with addresses, a Slack or webhook address, PagerDuty's server (left out: its own), or one of
    apprise. `secret`: a webhook's `whsec_…` or PagerDuty's integration key. `events` left out: alerts and limits.
    """

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    kind: Kind
    url: Annotated[str, Field(strict=True, max_length=LONGEST)] | None = None
    secret: Annotated[str, Field(strict=True, max_length=256)] | None = None
    min_severity: Severity = "info"
    events: Annotated[list[_Word], Field(max_length=20)] | None = None
    allow_private: _Strict = False
    enabled: _Strict = True


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """`destination` is its address, masked. `health`: how the last messages went."""

    name: str
    kind: Kind
    destination: str
    min_severity: Severity
    events: list[str]
    allow_private: bool
    enabled: bool
    health: Literal["working", "retrying", "failing", "unused", "disabled"]


ChannelList = msgspec.defstruct(
    "ChannelList", [("items", list[Channel]), ("next", str | None), ("total", int)], module=__name__
)


class ChannelTested(msgspec.Struct, frozen=True):
    """`error` is null where it was delivered."""

    delivered: bool
    ms: int
    error: str | None


class ChannelDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """`notification` is the ID that the other side was given, the same whenever it is sent again.

    `attempts` so far, `at` of the last one; `answer`: what the other side said, masked and short. `digest`: the ID of
    the message that it was one line of.
    """

    id: int
    notification: str
    event: str
    subject: str
    severity: Severity
    account: str | None
    state: Literal["waiting", "sent", "failed", "suppressed"]
    attempts: int
    created_at: datetime
    at: datetime | None
    next_try_at: datetime | None
    error: str | None
    answer: str | None
    ms: int | None
    digest: str | None


ChannelDeliveryList = msgspec.defstruct(
    "ChannelDeliveryList", [("items", list[ChannelDelivery]), ("next", str | None), ("total", int)], module=__name__
)


@router.get("", operation_id="list_channels", **returns(ChannelList))
def list_channels(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """All channels, in the order they came."""
    shown, following = by_key(Row.objects.all(), asked, newest_first=False)
    words = health.of(shown)
    return answer(Page([_row(one, words) for one in shown], following, Row.objects.count()))


@router.post("", operation_id="create_channel", **returns(Channel, 201))
def create(request: HttpRequest, body: ChannelBody) -> HttpResponse:
    """A new one. 409 for a name that exists. Nothing is sent there yet: `POST /channels/{name}/test` does."""
    try:
        made = book.add(_wanted(body))
    except NameTaken as taken:
        raise Refusal(409, "name_in_use", str(taken)) from None
    except BadChannel as wrong:
        raise _bad(wrong) from None
    return answer(_row(made, health.of([made])), 201)


@router.get("/{name}", operation_id="get_channel", **returns(Channel))
def one(request: HttpRequest, name: str) -> HttpResponse:
    """One, without address and secret."""
    found = _channel(name)
    return answer(_row(found, health.of([found])))


@router.put("/{name}", operation_id="update_channel", **returns(Channel))
def change(request: HttpRequest, name: str, body: ChannelBody) -> HttpResponse:
    """The same channel otherwise; its name and what it is called by stay. What waits is tried at once."""
    try:
        changed = book.change(_channel(name), _wanted(body))
    except BadChannel as wrong:
        raise _bad(wrong) from None
    return answer(_row(changed, health.of([changed])))


@router.delete("/{name}", operation_id="delete_channel", **returns(None, 204))
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Nothing is sent there any more; rules that name it tell the others."""
    book.remove(_channel(name))
    return nothing()


@router.post("/{name}/test", operation_id="test_channel", **returns(ChannelTested))
def test(request: HttpRequest, name: str) -> HttpResponse:
    """Sends one message now and says what came of it, within 10 s; a channel that fails is a 200 with `error`."""
    tried = trial.send(_channel(name), caller(request).label)
    return answer(ChannelTested(tried.delivered, tried.ms, tried.error or None))


@router.get("/{name}/deliveries", operation_id="list_channel_deliveries", **returns(ChannelDeliveryList))
def deliveries(request: HttpRequest, name: str, asked: Query[Paged]) -> HttpResponse:
    """What was and is to be delivered there, the newest first; what concerns several accounts is for those of all."""
    found = seen.of_channel(_channel(name))
    shown, following = by_key(found, asked)
    return answer(Page([_delivery(each) for each in shown], following, found.count()))


@router.post("/{name}/deliveries/{int:delivery_id}/replay", operation_id="replay_channel_delivery",
             **returns(ChannelDelivery))  # fmt: skip
def replay(request: HttpRequest, name: str, delivery_id: int) -> HttpResponse:
    """The same message once more, under the same ID. 409 for what was never to be sent."""
    found = seen.of_channel(_channel(name)).filter(pk=delivery_id).first() if delivery_id < 2**63 else None
    if found is None:
        raise not_found(f"delivery {delivery_id}")
    try:
        return answer(_delivery(outbox.send_again(found)))
    except outbox.NotAgain as why:
        raise Refusal(409, "not_in_state", str(why)) from None


def _channel(name: str) -> Row:
    found = Row.objects.filter(name=name).first() if "\x00" not in name else None
    if found is None:
        raise not_found(f"channel {name!r}")
    return found


def _wanted(body: ChannelBody) -> Wanted:
    return Wanted(**body.dict())


def _bad(wrong: BadChannel) -> Refusal:
    return bad_request(f"{wrong.field}: {wrong}", {"field": wrong.field})


def _row(one: Row, words: dict[int, str]) -> Channel:
    fields = {name: getattr(one, name) for name in Channel.__struct_fields__ if name != "health"}
    return msgspec.convert({**fields, "health": words[one.pk]}, Channel)


def _delivery(one: Delivery) -> ChannelDelivery:
    told = one.notification
    row = {
        "id": one.pk, "notification": str(told.pk), "event": told.type, "subject": told.subject,
        "severity": told.severity, "account": told.account.name if told.account else None, "state": one.state,
        "attempts": one.attempts, "created_at": told.created_at, "at": one.at, "next_try_at": one.next_try_at,
        "error": one.error or None, "answer": one.answer or None, "ms": one.ms,
        "digest": str(one.digest) if one.digest else None,
    }  # fmt: skip
    return msgspec.convert(row, ChannelDelivery)
