"""The filter `idle_for`: whose every sample of the last while was below a limit, as a policy would judge it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Any, Final

from sandboxes.base.clock import on_backend
from sandboxes.core import database
from sandboxes.core.accounts import clock_offset
from sandboxes.fleet.last_signs import AT_WORK_PCT
from sandboxes.fleet.search.queries_idle import IDLE
from sandboxes.fleet.search.query import SandboxQuery
from sandboxes.models import Account
from sandboxes.policies.rules import largest_gap

DEFAULT_BELOW_PCT: Final = AT_WORK_PCT


def resolved(query: SandboxQuery, accounts: Iterable[int], now: datetime) -> SandboxQuery:
    """The query with the keys of those that are idle as of `now`, where it asks for them and does not have them yet.

    Samples are read once for it, however often it is searched and counted by afterwards.
    """
    if query.idle_for is None or query.idle_keys is not None:
        return query
    below = DEFAULT_BELOW_PCT if query.idle_cpu_below is None else query.idle_cpu_below
    found = Account.objects.filter(pk__in=list(accounts)).select_related("health")
    keys = [key for account in found for key in idle_keys(account, query.idle_for, below, now)]
    return replace(query, idle_keys=tuple(keys))


def idle_keys(account: Account, seconds: float, below_pct: float, now: datetime) -> list[int]:
    """The account's running sandboxes all of whose samples of the last `seconds` were below `below_pct` of their CPU.

    Too few samples, too large a gap or a run that began later: not idle, as in the rule `idle_for_seconds`.
    """
    until = on_backend(now, clock_offset(account)).timestamp()
    given: dict[str, Any] = {
        "account": account.pk, "since": until - seconds, "until": until, "gap": largest_gap(seconds),
        "below": ceil(round(below_pct * 100, 6)),
    }  # fmt: skip
    return [key for (key,) in database.rows(IDLE, given)]
