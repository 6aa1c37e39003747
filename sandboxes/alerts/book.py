"""The rules as they stand in the database: read as specs, made, changed, deleted; and who may see them."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from sandboxes.alerts.rules import AlertRuleSpec, RuleError, as_dict, parse
from sandboxes.alerts.rules.kinds import FIELDS
from sandboxes.core import named_accounts
from sandboxes.models import Alert, AlertRule

RECORDS_FOR: Final = timedelta(minutes=15)
MOST_RULES: Final = 500
_NEW: Final = object()
_COLUMNS: Final = (
    "name", "kind", "enabled", "for_seconds", "resolve_at", "severity", "group_by", "channels", "route_by",
    "repeat_seconds", "quiet_hours",
)  # fmt: skip
# What does not touch whom it would tell about what: no reason to only record anew.
_HARMLESS: Final = frozenset({"name", "severity", "channels", "route_by", "repeat_seconds", "quiet_hours"})


def spec_of(rule: AlertRule) -> AlertRuleSpec:
    """The spec of a stored rule. Raises RuleError when somebody stored one that can't be meant."""
    return parse({name: getattr(rule, name) for name in _COLUMNS} | {"accounts": _accounts(rule)} | rule.given)


def visible() -> QuerySet[AlertRule]:
    """Those that judge an account that whoever asks may see: all accounts, or one of theirs by name."""
    return named_accounts.in_sight(AlertRule.objects.all())


@transaction.atomic
def write(spec: AlertRuleSpec, rule: AlertRule | None = None, now: datetime | None = None) -> AlertRule:
    """Makes a rule, or changes `rule`; one that would tell of other things than before only records at first, and what
    it fires is over.

    Raises RuleError when the name is taken, there are too many, or it newly names an account that there is not.
    """
    now = now or timezone.now()
    kept = AlertRule.objects.select_for_update().get(pk=rule.pk) if rule is not None else AlertRule()
    before = _stored(kept) if kept.pk else {}
    _known_accounts(set(spec.accounts) - set(_accounts(kept)))
    after = _fields(spec)
    if not kept.pk and AlertRule.objects.count() >= MOST_RULES:
        raise RuleError(f"there are {MOST_RULES} rules already: group one by owner or template instead of copying it")
    changed = {name for name in after if before.get(name, _NEW) != after[name]}
    for name in changed:
        setattr(kept, name, after[name])
    if changed - _HARMLESS:
        kept.records_until = now + RECORDS_FOR
    try:
        with transaction.atomic():
            kept.save()
    except IntegrityError:
        raise RuleError(f"there is a rule named {spec.name!r} already") from None
    if before and changed - _HARMLESS:
        end_all(kept, now)
    return kept


@transaction.atomic
def delete(rule: AlertRule) -> None:
    """Deletes it; what it fires is over, and stays on record under its name."""
    end_all(rule, timezone.now())
    rule.delete()


def end_all(rule: AlertRule, now: datetime) -> None:
    """What it fires is over and what it watches forgotten: nobody judges that any more."""
    rule.watches.all().delete()
    Alert.objects.filter(rule=rule, resolved_at=None).update(state=Alert.State.RESOLVED, resolved_at=now)


def _fields(spec: AlertRuleSpec) -> dict[str, Any]:
    plain = as_dict(spec)
    fields = {name: plain[name] for name in _COLUMNS}
    given = {name: plain[name] for name in FIELDS if name in plain}
    return fields | {"given": given, "match": {"accounts": plain["accounts"]}}


def _stored(rule: AlertRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in (*_COLUMNS, "given", "match")}


def _accounts(rule: AlertRule) -> list[str]:
    return list((rule.match or {}).get("accounts", ()))


def _known_accounts(named: set[str]) -> None:
    """What is for an account that is not there would watch nobody and seem to watch."""
    if why := named_accounts.unknown(named):
        raise RuleError(f"accounts: {why}")
