"""How everybody stands this moment, for whoever asks: accounts that they may not see don't exist for them."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from sandboxes.core import sight
from sandboxes.core.accounts import enabled_accounts, held_accounts
from sandboxes.limits.book import visible
from sandboxes.limits.counting import counted, template_names, wanted
from sandboxes.limits.judging import Standing, standings
from sandboxes.limits.usage import Spent, spent_exactly, used_by
from sandboxes.models import LimitState

Adds = Callable[[int, str, datetime], Spent]
_Place = tuple[int, str, int | None]


class Stands(msgspec.Struct, frozen=True):
    """A standing, and since when it is in its state; None for `ok`, and until the next round has noted it."""

    now: Standing
    since: datetime | None


def stand(now: datetime, spent: Adds = spent_exactly) -> list[Stands]:
    """Of all limits in sight, the most used first; figures are `/cost`'s, those of accounts in sight alone.

    `spent` adds up an account's money by a key; pages that come again every few seconds hand in `Settled.spent`.
    Where some accounts are looked at, only what counts one of them is left: its figures stay whole.
    """
    held = {account.pk: account for account in held_accounts()}
    stored = {limit.pk: limit for limit in visible()}
    limits = counted(stored.values(), list(held.values()))
    usage = {(key, by): used_by(held[key], by, spent(key, by, now)) for key, by in sorted(wanted(limits))}
    looked_at = {account.pk for account in enabled_accounts()}
    found = [one for one in standings(limits, usage, template_names(held), now) if looked_at & set(one.accounts)]
    whole = {key for key, limit in stored.items() if all(map(sight.allows, limit.accounts or ()))}
    noted = _noted([one.limit for one in found])
    return [Stands(one, _since(one, noted) if one.limit in whole else None) for one in found]


def _noted(limits: list[int]) -> dict[_Place, tuple[str, datetime]]:
    rows = LimitState.objects.filter(limit__in=set(limits))
    return {
        (limit, value, account): (state, since)
        for limit, value, account, state, since in rows.values_list("limit", "value", "account", "state", "since")
    }


def _since(one: Standing, noted: dict[_Place, tuple[str, datetime]]) -> datetime | None:
    state, since = noted.get((one.limit, one.value, one.account), ("", None))
    return since if state == one.state != "ok" else None
