"""`/alert-rules`: what is told, when and to whom; and what a rule would have told."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from dashboard.access import reach
from dashboard.api.answers import answer, caller, nothing, returns, takes
from dashboard.api.errors import bad_request, not_found
from dashboard.api.params import Paged
from dashboard.api.policies import json_of
from sandboxes.alerts import book, previews
from sandboxes.alerts.previews import AlertPreview
from sandboxes.alerts.rules import AlertRuleSpec, RuleError, as_dict, parse
from sandboxes.fleet.search import Page, cursors
from sandboxes.models import AlertRule as Row

router = Router(tags=["alerts"])


class AlertRule(AlertRuleSpec, frozen=True, kw_only=True):
    """A rule with its ID. `shipped`: it came with Sandwarden; until `records_until` it only records; `error` says why
    it can't be judged; `firing` counts its alerts that are not over."""

    id: int
    shipped: bool
    records_until: datetime | None
    error: str | None
    firing: int


AlertRuleList = msgspec.defstruct(
    "AlertRuleList", [("items", list[AlertRule]), ("next", str | None), ("total", int)], module=__name__
)


class _After(msgspec.Struct, frozen=True, array_like=True):
    name: str


@router.get("", operation_id="list_alert_rules", **returns(AlertRuleList))
def list_alert_rules(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """By name."""
    rules = book.visible().order_by("name")
    rest = rules.filter(name__gt=cursors.decode(asked.cursor, _After).name) if asked.cursor else rules
    found = list(rest[: asked.limit + 1])
    following = cursors.encode(_After(found[asked.limit - 1].name)) if len(found) > asked.limit else None
    return answer(Page([_view(one) for one in found[: asked.limit]], following, rules.count()))


@router.post("", operation_id="create_alert_rule", **takes(AlertRuleSpec, returns(AlertRule, 201)))
def create(request: HttpRequest) -> HttpResponse:
    """A new rule; for its first 15 minutes it only records."""
    return answer(_view(_write(request)), 201)


@router.post("/preview", operation_id="preview_alert_rule", **takes(AlertRuleSpec, returns(AlertPreview)))
def preview(request: HttpRequest) -> HttpResponse:
    """Who is beyond its limit now, and what it would have told in the last seven days. Nothing is stored."""
    try:
        return answer(previews.preview(_scoped(request, parse(json_of(request))), timezone.now()))
    except RuleError as error:
        raise bad_request(str(error)) from None


@router.get("/{int:rule_id}", operation_id="get_alert_rule", **returns(AlertRule))
def one(request: HttpRequest, rule_id: int) -> HttpResponse:
    """One rule."""
    return answer(_view(_found(rule_id)))


@router.put("/{int:rule_id}", operation_id="update_alert_rule", **takes(AlertRuleSpec, returns(AlertRule)))
def change(request: HttpRequest, rule_id: int) -> HttpResponse:
    """The whole rule anew; where it then tells of other things, what it fires is over and it only records at first."""
    return answer(_view(_write(request, _mine(request, rule_id))))


@router.delete("/{int:rule_id}", operation_id="delete_alert_rule", **returns(None, 204))
def delete(request: HttpRequest, rule_id: int) -> HttpResponse:
    """What it fires is over; its alerts stay on record under its name."""
    book.delete(_mine(request, rule_id))
    return nothing()


def _view(rule: Row) -> dict[str, Any]:
    extra = {
        "id": rule.pk, "shipped": rule.shipped, "records_until": rule.records_until, "error": rule.error or None,
        "firing": rule.alerts.filter(resolved_at=None).count(),
    }  # fmt: skip
    try:
        return as_dict(book.spec_of(rule)) | extra
    except RuleError as error:  # stored by hand: shown as it lies there
        plain = {name: getattr(rule, name) for name in ("name", "kind", "enabled", "severity")}
        given: dict[str, Any] = rule.given
        return plain | given | extra | {"error": str(error)}


def _write(request: HttpRequest, rule: Row | None = None) -> Row:
    try:
        return book.write(_scoped(request, parse(json_of(request))), rule)
    except RuleError as error:
        raise bad_request(str(error)) from None


def _scoped(request: HttpRequest, spec: AlertRuleSpec) -> AlertRuleSpec:
    """For the accounts that are named; none named are all of whoever writes."""
    return msgspec.structs.replace(spec, accounts=tuple(reach.named(caller(request), spec.accounts)))


def _mine(request: HttpRequest, rule_id: int) -> Row:
    """One that the caller may change. Raises Refusal 404, and 403 where it also stands for accounts they lack."""
    rule = _found(rule_id)
    reach.check(caller(request), (rule.match or {}).get("accounts", ()))
    return rule


def _found(rule_id: int) -> Row:
    rule = book.visible().filter(pk=rule_id).first() if rule_id < 2**63 else None
    if rule is None:
        raise not_found(f"alert rule {rule_id}")
    return rule
