"""Who runs beyond the maximum of a limit: by what its round noted a moment ago, and by the list as it is now."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform

from sandboxes.core import sight
from sandboxes.core.accounts import fleets
from sandboxes.models import Account, Limit, LimitState, Sandbox
from sandboxes.policies import LimitPlace, PolicyError, PolicySpec

FRESH: Final = timedelta(seconds=60)
_COLUMNS: Final = {"owner": "owner", "environment": "environment", "account": "account__name"}
_METADATA: Final = "metadata."


def places(name: str, account: Account, keys: Sequence[int], now: datetime) -> dict[int, LimitPlace]:
    """Where these sandboxes of one account stand against the limit of that name, by key.

    One that it does not count has no place, and nobody has where its round has not run for FRESH: then nobody is over.
    """
    limit = Limit.objects.filter(name=name).exclude(max_running=None).first()
    if limit is None:
        return {}
    noted = LimitState.objects.filter(limit=limit, at__gt=now - FRESH).filter(Q(account=account.pk) | Q(account=None))
    groups = {state.value: state for state in noted}
    most = limit.max_running or 0
    ranks = _ranks(limit, account, [state for state in noted if state.running > most])
    found = {}
    for key, value in _members(limit, Sandbox.objects.filter(pk__in=list(keys)), groups.keys()).items():
        running = len(ranks[value]) if value in ranks else groups[value].running
        rank = ranks[value].get(key) if value in ranks and running > most else None
        found[key] = LimitPlace(limit.name, value, running, most, rank)
    return found


def names() -> list[str]:
    """Of the limits on what runs that exist for whoever asks."""
    found = Limit.objects.exclude(max_running=None).order_by("name")
    return [limit.name for limit in found if _is_seen(limit)]


def check(spec: PolicySpec, before: str | None) -> None:
    """Raises PolicyError where it newly names a limit that does not exist for whoever asks, or is not on what runs."""
    name = spec.orphan_when.over_limit
    if not isinstance(name, str) or name == before:
        return
    limit = Limit.objects.filter(name=name).first()
    if limit is None or not _is_seen(limit):
        raise PolicyError(f"over_limit: no limit named {name!r}")
    if limit.max_running is None:
        raise PolicyError(f"over_limit: the limit {name!r} has no max_running, and nobody runs beyond it")


def _is_seen(limit: Limit) -> bool:
    return limit.accounts is None or any(map(sight.allows, limit.accounts))


def _ranks(limit: Limit, account: Account, over: Sequence[LimitState]) -> dict[str, dict[int, int]]:
    """Of each group that is noted as too many, the place of each that runs, the oldest first; one reading for all."""
    found: dict[str, dict[int, int]] = {state.value: {} for state in over}
    if not over:
        return found
    counted = [account.pk] if any(state.account_id for state in over) else _counted(limit)
    runs = Sandbox.objects.filter(account__in=counted, state=Sandbox.State.RUNNING).order_by("created_at", "sandbox_id")
    for key, value in _members(limit, runs, found.keys()).items():
        found[value][key] = len(found[value]) + 1
    return found


def _counted(limit: Limit) -> list[int]:
    enabled = list(Account.objects.filter(enabled=True, pk__in=limit.accounts or ()).order_by("id"))
    return [account.pk for account in fleets(enabled)]


def _members(limit: Limit, boxes: QuerySet[Sandbox], values: Collection[str]) -> dict[int, str]:
    """The group of each that is in one of `values`, in the order of `boxes`."""
    if limit.key == "template":  # its group is called by its ID, or by the name that the limit gives
        rows = boxes.values_list("pk", "template_id", "template_name")
        return {key: value for key, *named in rows if (value := next((n for n in named if n in values), None))}
    return {key: value for key, value in boxes.values_list("pk", _expression(limit.key)) if value in values}


def _expression(key: str) -> Any:
    return KeyTextTransform(key.removeprefix(_METADATA), "metadata") if key.startswith(_METADATA) else F(_COLUMNS[key])
