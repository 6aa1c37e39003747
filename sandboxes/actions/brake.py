"""The account's brake: the acts of all policies together, an hour and a day, whatever the policies say themselves.

Counted under the lock of the account's own row from the record of what was sent, so that no number of policies, edits
or restarts gets past it. Once reached, no policy acts on the account until a person resets it.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Max

from sandboxes.models import Account, AccountBrake, Action, FleetMinute, Sandbox

PER_HOUR: Final = 0.10  # of the hour's peak of live sandboxes
LEAST_PER_HOUR: Final = 5
PER_DAY: Final = 0.30
LEAST_PER_DAY: Final = 10
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
COUNTED: Final = (Action.Kind.KILL, Action.Kind.PAUSE)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """How many acts of policies an account allows in any hour and in any 24 hours."""

    per_hour: int
    per_day: int


class Brakes:
    """The locked brakes of some accounts, for one transaction in which acts are claimed."""

    def __init__(self, accounts: Iterable[Account], now: datetime) -> None:
        wanted = {account.pk: account for account in accounts}
        AccountBrake.objects.bulk_create(
            [AccountBrake(account_id=key) for key in sorted(wanted)], ignore_conflicts=True
        )
        rows = AccountBrake.objects.select_for_update().filter(account__in=wanted).order_by("account")
        self._open = {row.account_id: _Open(row, wanted[row.account_id], now) for row in rows}

    def lets(self, action: Action) -> bool:
        """Whether this act of a policy may be claimed now; it counts from here on. The one too many trips the brake."""
        return self._open[action.account_id].take(action)


class _Open:
    def __init__(self, row: AccountBrake, account: Account, now: datetime) -> None:
        self._row, self._now = row, now
        self._limits = limits_of(account, now)
        since = max(filter(None, [now - DAY, row.counts_from]))
        self._sent = _sent_since(account, since)

    def take(self, action: Action) -> bool:
        if self._row.tripped_at is not None:
            return False
        others = [at for key, at in self._sent.items() if key != action.pk]
        hour = sum(at > self._now - HOUR for at in others)
        if hour >= self._limits.per_hour:
            return self._trip(f"{hour} acts of policies in an hour, the maximum")
        if len(others) >= self._limits.per_day:
            return self._trip(f"{len(others)} acts of policies in 24 hours, the maximum")
        self._sent[action.pk] = self._now
        return True

    def _trip(self, why: str) -> bool:
        self._row.tripped_at, self._row.why = self._now, why
        self._row.save(update_fields=["tripped_at", "why"])
        log.warning("account %s: the safety limit has tripped: %s", self._row.account.name, why)
        return False


def limits_of(account: Account, now: datetime, brake: Mapping[str, int] | None = None) -> Limits:
    """As the account has them, else 10% of the hour's and 30% of the day's peak of live sandboxes.

    The least are 5 an hour and 10 a day. `brake`: as they would be with these in place of the account's own.
    """
    given = (account.brake or {}) if brake is None else brake
    alive = Sandbox.objects.filter(account=account).exclude(state=Sandbox.State.ENDED).count()
    hour, day = max(alive, _peak(account, now - HOUR)), max(alive, _peak(account, now - DAY))
    return Limits(
        per_hour=int(given.get("per_hour", max(LEAST_PER_HOUR, int(PER_HOUR * hour)))),
        per_day=int(given.get("per_day", max(LEAST_PER_DAY, int(PER_DAY * day)))),
    )


def tripped(accounts: Iterable[int]) -> dict[int, AccountBrake]:
    """The brakes that hold these accounts now, by account."""
    rows = AccountBrake.objects.filter(account__in=accounts, tripped_at__isnull=False).select_related("account")
    return {row.account_id: row for row in rows}


@transaction.atomic
def reset(account: Account, by: str, now: datetime) -> AccountBrake:
    """A person lets policies act on the account again; what was done until now no longer counts."""
    AccountBrake.objects.bulk_create([AccountBrake(account=account)], ignore_conflicts=True)
    row = AccountBrake.objects.select_for_update().get(account=account)
    row.tripped_at, row.why, row.counts_from, row.reset_by = None, "", now, by
    row.save()
    return row


def _sent_since(account: Account, since: datetime) -> dict[int, datetime]:
    """When policies' acts were sent, by action. One that a person had made theirs by then is theirs."""
    acts = Action.objects.filter(account=account, actor_kind="policy", kind__in=COUNTED, sent_at__gt=since)
    rows = acts.values_list("pk", "sent_at", "joined__0__at")
    return {key: at for key, at, joined in rows if at and not (joined and datetime.fromisoformat(joined) < at)}


def _peak(account: Account, since: datetime) -> int:
    """The most sandboxes alive in any minute since then, as the record of minutes has it."""
    minutes = FleetMinute.objects.filter(account=account, minute__gt=since)
    return minutes.aggregate(most=Max(F("running") + F("paused")))["most"] or 0
