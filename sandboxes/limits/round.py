"""The round that notes how everybody stands against the limits: what alerts and policies go by, and since when."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.db import close_old_connections, transaction
from django.db.models import Q

from sandboxes.cleanup.reaper.brakes import stale_view
from sandboxes.core import database, rounds
from sandboxes.core.accounts import enabled_accounts
from sandboxes.core.locks import lock
from sandboxes.limits import queries
from sandboxes.limits.counting import counted, template_names, wanted
from sandboxes.limits.judging import Counted, Standing, standings
from sandboxes.limits.settled import Settled
from sandboxes.limits.spec import LONGEST_VALUE
from sandboxes.limits.usage import Used, used_by
from sandboxes.models import Account, Limit, LimitState

LOCK_SECONDS: Final = 60.0
DEADLINE_SECONDS: Final = 30.0
MOST_STATES: Final = 1000  # of one limit: those that use most of it
FORGOTTEN: Final = timedelta(hours=1)
Usage = dict[str, dict[str, Used]]


async def run(settled: Settled) -> bool:
    """Judges every limit by what every account's last list and the record say; False when another worker is at it.

    `settled` is the process's own: what its last round added up.

    An account that fails, or whose list is too old to act on, is left out, and with it what counts it together with
    others: the states of these keep their `at`, and soon count as unknown.
    """
    await sync_to_async(close_old_connections)()
    try:
        async with lock("limits", LOCK_SECONDS) as ours:
            if ours:
                await _run(settled, datetime.now(UTC))
        return ours
    finally:
        await sync_to_async(close_old_connections)()


async def _run(settled: Settled, now: datetime) -> None:
    accounts, limits = await sync_to_async(_prepare)(now)
    places = wanted(limits)
    settled.keep(places)
    asked = [account for account in accounts if any(key == account.pk for key, _ in places)]
    gather = sync_to_async(partial(_usage, places=places, settled=settled, now=now))
    known = await rounds.side_by_side("limits", asked, gather, deadline_seconds=DEADLINE_SECONDS, lock=False)
    await sync_to_async(_judge)(limits, known, now)


def _prepare(now: datetime) -> tuple[list[Account], list[Counted]]:
    """The accounts whose figures can be trusted, and all limits with what they count."""
    LimitState.objects.filter(at__lt=now - FORGOTTEN).delete()
    limits = list(Limit.objects.all())
    if not limits:
        return [], []
    enabled = enabled_accounts()
    fresh = [one for one in enabled if not stale_view(getattr(one, "health", None), now)]
    return fresh, counted(limits, enabled)


def _usage(account: Account, places: set[tuple[int, str]], settled: Settled, now: datetime) -> Usage:
    keys = sorted(key for pk, key in places if pk == account.pk)
    return {key: used_by(account, key, settled.spent(account.pk, key, now)) for key in keys}


def _judge(limits: Sequence[Counted], known: dict[int, Usage], now: datetime) -> None:
    usage = {(account, key): used for account, by_key in known.items() for key, used in by_key.items()}
    whole = [one if one.together else one._replace(accounts=[a for a in one.accounts if a in known]) for one in limits]
    judged = [one for one in whole if known.keys() >= set(one.accounts)]
    found = standings(judged, usage, template_names(known), now)
    with transaction.atomic():
        _write(_most_used(found), now)
        for one in judged:  # what was judged and is no longer there: nobody of that value runs or has spent
            gone = LimitState.objects.filter(limit=one.pk, at__lt=now)
            (gone if one.together else gone.filter(Q(account__in=one.accounts) | Q(account=None))).delete()


def _most_used(found: Sequence[Standing]) -> list[Standing]:
    by_limit = groupby(sorted(found, key=lambda one: (one.limit, -one.used_pct)), key=lambda one: one.limit)
    chosen = [one for _, of_it in by_limit for one in list(of_it)[:MOST_STATES]]
    return [one for one in chosen if len(one.value) <= LONGEST_VALUE]


def _write(found: Sequence[Standing], now: datetime) -> None:
    if not found:
        return
    given: dict[str, Any] = {
        "now": now,
        "limits": [one.limit for one in found],
        "values": [one.value for one in found],
        "accounts": [one.account for one in found],
        "states": [one.state for one in found],
        "used": [one.used_pct for one in found],
        "running": [one.running for one in found],
        "today": [one.usd_today for one in found],
        "month": [one.usd_this_month for one in found],
        "forecasts": [one.forecast_at for one in found],
    }
    database.execute(queries.WRITE, given)
