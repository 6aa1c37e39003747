"""What a judging round sees of the accounts: which can be read, since when one can't, and how fresh what we hold is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from sandboxes.base.clock import is_fresh
from sandboxes.core.accounts import fleets
from sandboxes.e2b import Capabilities
from sandboxes.e2b.refusals import KEY_ADVICE
from sandboxes.models import Account, AccountHealth

# A failure that nobody has repeated for so long is no news: the round that would clear it does not run.
FORGOTTEN: Final = timedelta(minutes=15)
LEAST_FRESH: Final = timedelta(seconds=60)
STALE_TICKS: Final = 4


@dataclass(frozen=True)
class Failure:
    """Why an account can't be read: since when, in the round's own words, and whether its key is what is refused."""

    since: datetime
    why: str
    of_key: bool
    list_or_metrics: bool


@dataclass(frozen=True)
class Seen:
    """One account as a round sees it. `listed`: its list is fresh; `sampled`: so are its samples."""

    account: Account
    health: AccountHealth
    failure: Failure | None
    listed: bool
    sampled: bool

    @property
    def backend(self) -> str:
        """The host (and port) that it asks."""
        return urlsplit(self.account.url).netloc

    @property
    def readable(self) -> bool:
        """Whether what we hold of it can be judged: it is being read, and its list is fresh."""
        return self.listed and not (self.failure and self.failure.list_or_metrics)


@dataclass(frozen=True)
class Look:
    """All accounts that stand for a fleet, by key, at `now`."""

    now: datetime
    seen: Mapping[int, Seen] = field(default_factory=dict)

    def of(self, names: Collection[str]) -> list[Seen]:
        """Those of these names; none named: all."""
        return [one for one in self.seen.values() if not names or one.account.name in names]

    def fresh(self) -> datetime:
        """How old a sample may be to count."""
        return self.now - _fresh_for(settings.POLL_INTERVAL_SECONDS)


def take(now: datetime) -> Look:
    """Now, over every account at work."""
    accounts = fleets()
    healths = {one.account_id: one for one in AccountHealth.objects.filter(account__in=accounts)}
    return Look(now, {one.pk: see(one, healths.get(one.pk) or AccountHealth(account=one), now) for one in accounts})


def see(account: Account, health: AccountHealth, now: datetime) -> Seen:
    """What the account's health says."""
    return Seen(
        account,
        health,
        failure_of(account, health, now),
        _is_fresh(health.last_sync_at, now, settings.SYNC_INTERVAL_SECONDS),
        _is_fresh(health.last_poll_at, now, settings.POLL_INTERVAL_SECONDS),
    )


def names_of(look: Look, keys: Sequence[int] | frozenset[int]) -> list[str]:
    """The names of these accounts, sorted."""
    return sorted(one.account.name for key, one in look.seen.items() if key in keys)


def failure_of(account: Account, health: AccountHealth, now: datetime) -> Failure | None:
    """What of the account can't be read now: its list, its metrics, its events."""
    tries = [
        (health.sync_error, _since(health, "sync") or health.sync_failed_at, health.sync_failed_at, True),
        (_polls_fail(account, health), health.last_poll_at or health.poll_failed_at, health.poll_failed_at, True),
        (health.reconcile_error, _since(health, "reconcile"), _last(health, "reconcile"), False),
    ]
    found = [
        Failure(since, why, KEY_ADVICE in why, rests_on_it)
        for why, since, last, rests_on_it in tries
        if why and since is not None and last is not None and now - last < FORGOTTEN
    ]
    return min(found, key=lambda one: (not one.list_or_metrics, one.since), default=None)


def _polls_fail(account: Account, health: AccountHealth) -> str:
    """Why no part of its fleet gets samples; empty where some does, or where the backend keeps none."""
    failed, read = health.poll_failed_at, health.last_poll_at
    if _keeps_none(account) or failed is None or (read is not None and read >= failed):
        return ""
    return health.poll_error


def _since(health: AccountHealth, name: str) -> datetime | None:
    told = health.round_errors.get(name)
    return datetime.fromisoformat(told["since"]) if told else None


def _last(health: AccountHealth, name: str) -> datetime | None:
    told = health.round_errors.get(name)
    return datetime.fromisoformat(told["at"]) if told else None


def _keeps_none(account: Account) -> bool:
    known = Capabilities.from_dict(account.capabilities)
    return known.lacks("metrics") and known.lacks("bulk_metrics")


def _is_fresh(at: datetime | None, now: datetime, interval: float) -> bool:
    return at is not None and is_fresh(at, now, _fresh_for(interval))


def _fresh_for(interval: float) -> timedelta:
    return max(LEAST_FRESH, timedelta(seconds=STALE_TICKS * interval))
