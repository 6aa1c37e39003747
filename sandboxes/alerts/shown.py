"""An alert as programs, pages and messages show it."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.conf import settings

from sandboxes.alerts import wording
from sandboxes.models import Alert


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """REST contract, "Alerts". `usd_at_stake` is what the sandboxes beyond the limit cost an hour now."""

    id: int
    rule: str
    severity: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["info", "warning", "critical"]})]
    state: Annotated[str, msgspec.Meta(extra_json_schema={"enum": Alert.State.values})]
    silenced_by: int | None
    group: dict[str, str]
    value: float
    threshold: float | None
    started_at: datetime
    resolved_at: datetime | None
    count: int
    examples: list[str]
    usd_at_stake: float
    text: str
    url: str
    kind: str
    cause: str
    peak: float
    fired_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None


def view(alert: Alert) -> AlertView:
    """As it stands."""
    said = said_of(alert)
    return AlertView(
        id=alert.pk, rule=alert.rule_name, severity=alert.severity, state=alert.state, silenced_by=alert.silence_id,
        group=alert.group, value=round(alert.value, 6), threshold=alert.threshold, started_at=alert.started_at,
        resolved_at=alert.resolved_at, count=alert.count, examples=alert.examples,
        usd_at_stake=round(alert.usd_per_hour, 6), text=wording.text_of(said), url=url_of(alert), kind=alert.kind,
        cause=wording.cause_of(said), peak=round(alert.peak, 6), fired_at=alert.fired_at,
        acknowledged_at=alert.acknowledged_at, acknowledged_by=alert.acknowledged_by or None, note=alert.note or None,
    )  # fmt: skip


def said_of(alert: Alert) -> wording.Said:
    """What its sentence is made of."""
    given = alert.told.get("given") or (alert.rule.given if alert.rule is not None else {})
    return wording.Said(alert.kind, given, alert.group, alert.value, alert.threshold, alert.count, alert.told)


def url_of(alert: Alert) -> str:
    """The page that shows it; whoever opens it signs in."""
    return f"{settings.PUBLIC_URL}/alerts/{alert.pk}/"


def message_of(alert: Alert) -> dict[str, Any]:
    """What channels are told: the same as REST shows."""
    plain: dict[str, Any] = msgspec.to_builtins(view(alert))
    return plain
