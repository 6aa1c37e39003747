"""Somebody has an alert: it is told no more until it is over."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from sandboxes.alerts import telling
from sandboxes.core import sight
from sandboxes.core.accounts import held_accounts
from sandboxes.models import Alert


class Over(ValueError):
    """It is resolved: there is nothing left to acknowledge."""


def visible() -> QuerySet[Alert]:
    """The alerts whose accounts whoever asks may all see: a figure over others would tell of them."""
    held = sight.everything()
    found = Alert.objects.select_related("rule", "silence")
    return found if held is None else found.filter(accounts__contained_by=sorted(held))


@transaction.atomic
def acknowledge(alert: Alert, by: str, note: str = "") -> Alert:
    """Puts `by`'s name on it; a second time only the note is replaced. Raises Over."""
    kept = Alert.objects.select_for_update(of=("self",)).select_related("rule", "silence").get(pk=alert.pk)
    if kept.resolved_at is not None:
        raise Over("the alert is resolved already")
    first = kept.acknowledged_at is None
    if first:
        kept.state, kept.acknowledged_at, kept.acknowledged_by = Alert.State.ACKNOWLEDGED, timezone.now(), by
    kept.note = note or kept.note
    kept.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "note"])
    if first:
        telling.acknowledged(kept)
    return kept


@transaction.atomic
def take_back(alert: Alert) -> Alert:
    """Nobody has it any more: it fires on, and is told again when that is due. Raises Over."""
    kept = Alert.objects.select_for_update(of=("self",)).select_related("rule", "silence").get(pk=alert.pk)
    if kept.resolved_at is not None:
        raise Over("the alert is resolved already")
    kept.state, kept.acknowledged_at, kept.acknowledged_by = Alert.State.FIRING, None, ""
    kept.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
    return kept


def open_severities() -> list[str]:
    """Of what fires, that nobody has and nobody silenced, in the accounts that are looked at."""
    found = visible().filter(state=Alert.State.FIRING).exclude(held_back="silenced")
    if sight.is_narrowed():
        found = found.filter(accounts__overlap=[one.pk for one in sight.looked_at(held_accounts())])
    return list(found.values_list("severity", flat=True))
