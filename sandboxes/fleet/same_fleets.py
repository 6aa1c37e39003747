"""Accounts of one project: each lists the same sandboxes, so that one of them is polled, judged and counted for all."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from sandboxes.base.clock import is_fresh
from sandboxes.core import database
from sandboxes.core.accounts import enabled_accounts
from sandboxes.fleet import queries
from sandboxes.models import Account, AccountHealth

# An account whose list was read longer ago tells nothing about its fleet, and stands for no other account.
FRESH: Final = timedelta(minutes=15)


def recognise(now: datetime) -> None:
    """Writes `same_fleet_as` of every account to watch, from what they have alive: half in common is one fleet.

    The oldest account whose list was read within 15 minutes stands for the others. Where an account has nothing alive,
    or its list is out of date, what was found before stays.
    """
    accounts = enabled_accounts()
    keys = [account.pk for account in accounts]
    read = dict(AccountHealth.objects.filter(account__in=keys).values_list("account", "last_sync_at"))
    fresh = {key for key, at in read.items() if at is not None and is_fresh(at, now, FRESH)}
    stands_for = _leads(accounts, fresh, _judged(fresh) if len(fresh) > 1 else {})
    for account in accounts:
        lead = stands_for[account.pk]
        if lead != account.same_fleet_as_id:
            Account.objects.filter(pk=account.pk).update(same_fleet_as=lead)
            if lead:  # no round of its own will ever clear what it reports
                AccountHealth.objects.filter(account=account).update(poll_error="", round_errors={})


def _judged(fresh: set[int]) -> dict[tuple[int, int], bool]:
    """Whether two accounts show one fleet, of those pairs that both have something alive."""
    return {
        (one, other): same for one, other, same in database.rows(queries.COMMON_SANDBOXES, {"accounts": list(fresh)})
    }


def _leads(accounts: list[Account], fresh: set[int], judged: Mapping[tuple[int, int], bool]) -> dict[int, int | None]:
    """For each account the one that stands for it; None for those that stand for themselves."""
    former = {account.pk: account.same_fleet_as_id or account.pk for account in accounts}
    group = {account.pk: {account.pk} for account in accounts}
    for one, other in combinations(sorted(former), 2):
        if judged.get((one, other), former[one] == former[other]):
            joined = group[one] | group[other]
            group.update(dict.fromkeys(joined, joined))
    leads = {key: min(members, key=lambda member: (member not in fresh, member)) for key, members in group.items()}
    return {key: lead if lead != key else None for key, lead in leads.items()}
