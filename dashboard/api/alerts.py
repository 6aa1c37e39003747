"""`/alerts`: what fires and what has fired, with what became of each notification; and who has it."""

# ruff: noqa: ARG001 - every call is handed the request

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.api.answers import answer, caller, returns
from dashboard.api.errors import Refusal, not_found
from dashboard.api.paging import by_key
from dashboard.api.params import Form, Moment, Paged, Text, Word
from sandboxes.alerts import acknowledging
from sandboxes.alerts.acknowledging import Over
from sandboxes.alerts.shown import AlertView, view
from sandboxes.core import sight
from sandboxes.core.accounts import held_accounts
from sandboxes.fleet.search import Page
from sandboxes.models import Alert as Row
from sandboxes.models import Delivery
from sandboxes.notifications import outbox

router = Router(tags=["alerts"])


class AlertsAsked(Paged):
    """Of one state, rule (its name or ID), and from a moment on."""

    state: Annotated[Word, Field(json_schema_extra={"enum": Row.State.values})] | None = None
    rule: Word | None = None
    since: Moment | None = None


class AlertNotification(msgspec.Struct, frozen=True):
    """What became of telling it on one channel; `suppressed` with why in `error`, before any channel was chosen too."""

    channel: str | None
    event: str
    state: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["sent", "failed", "waiting", "suppressed"]})]
    at: datetime | None
    error: str | None


class Alert(AlertView, frozen=True, kw_only=True):
    """An alert with its notifications, oldest first."""

    notifications: list[AlertNotification]


AlertList = msgspec.defstruct(
    "AlertList", [("items", list[Alert]), ("next", str | None), ("total", int)], module=__name__
)


class Acknowledgement(Form):
    """Why, or what is being done."""

    note: Text = ""


@router.get("", operation_id="list_alerts", **returns(AlertList))
def list_alerts(request: HttpRequest, asked: Query[AlertsAsked]) -> HttpResponse:
    """The newest first."""
    found = acknowledging.visible()
    if sight.is_narrowed():
        found = found.filter(accounts__overlap=[one.pk for one in sight.looked_at(held_accounts())])
    if asked.state is not None:
        found = found.filter(state=asked.state)
    if asked.rule is not None:
        by_id = (
            Q(rule=int(asked.rule)) if asked.rule.isascii() and asked.rule.isdigit() and len(asked.rule) < 18 else Q()
        )
        found = found.filter(Q(rule_name=asked.rule) | by_id if by_id else Q(rule_name=asked.rule))
    if asked.since is not None:
        found = found.filter(Q(resolved_at=None) | Q(resolved_at__gte=asked.since))
    shown, following = by_key(found, asked)
    return answer(Page(_views(shown), following, found.count()))


@router.get("/{int:alert_id}", operation_id="get_alert", **returns(Alert))
def one(request: HttpRequest, alert_id: int) -> HttpResponse:
    """One of them."""
    return answer(_views([_found(alert_id)])[0])


@router.post("/{int:alert_id}/acknowledge", operation_id="acknowledge_alert", **returns(Alert))
def acknowledge(request: HttpRequest, alert_id: int, body: Acknowledgement | None = None) -> HttpResponse:
    """The caller has it: nobody is told again that it fires. 409 for one that is over."""
    try:
        kept = acknowledging.acknowledge(_found(alert_id), caller(request).label, body.note if body else "")
    except Over as over:
        raise Refusal(409, "not_in_state", str(over)) from None
    return answer(_views([kept])[0])


def _found(alert_id: int) -> Row:
    found = acknowledging.visible().filter(pk=alert_id).first() if alert_id < 2**63 else None
    if found is None:
        raise not_found(f"alert {alert_id}")
    return found


def _views(rows: Sequence[Row]) -> list[Alert]:
    told = outbox.deliveries_of(str(one.pk) for one in rows)
    return [
        Alert(**msgspec.structs.asdict(view(one)), notifications=_notifications(one, told.get(str(one.pk), [])))
        for one in rows
    ]


def _notifications(alert: Row, deliveries: Sequence[Delivery]) -> list[AlertNotification]:
    found = [
        AlertNotification(one.channel_name, one.notification.type, one.state, one.at, one.error or None)
        for one in deliveries
    ]
    if alert.held_back and not deliveries:
        found.append(AlertNotification(None, "alert.firing", "suppressed", alert.fired_at, alert.held_back))
    return found
