"""What a run costs: allocated cores and memory × seconds running, by the dated price book. Pure.

Price rule: E2B's docs (August 2026): (vCPU × rate + GiB × rate) × seconds; paused and ended cost nothing.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

HOUR_SECONDS = 3600
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Rate:
    """A price in force from `since` on, in USD a second."""

    since: datetime
    usd_per_vcpu_second: Decimal
    usd_per_gib_second: Decimal

    def per_second(self, cpu_count: Decimal | int | None, memory_mb: int | None) -> Decimal:
        """USD a second for this size; a size not known yet counts as none."""
        gib = Decimal(memory_mb or 0) / 1024
        return self.usd_per_vcpu_second * (cpu_count or 0) + self.usd_per_gib_second * gib


@dataclass(frozen=True)
class PriceBook:
    """Rates, oldest first. The first also holds for all time before it; an empty book prices everything at nothing.

    In SQL the same is the view `sandboxes_price_span`, a row for each rate and the time in which it holds.
    """

    rates: Sequence[Rate]

    def at(self, moment: datetime) -> Rate:
        """The rate in force at `moment`."""
        if not self.rates:
            return Rate(moment, Decimal(0), Decimal(0))
        return self.rates[max(0, bisect_right(self.rates, moment, key=_since) - 1)]

    def per_hour_usd(self, cpu_count: Decimal | int | None, memory_mb: int | None, moment: datetime) -> Decimal:
        """What an hour costs at the price of `moment`, in USD."""
        return self.at(moment).per_second(cpu_count, memory_mb) * HOUR_SECONDS

    def cost_usd(
        self, cpu_count: Decimal | int | None, memory_mb: int | None, start: datetime, end: datetime
    ) -> Decimal:
        """USD for running from `start` to `end`; each second by the price that held in it."""
        total = Decimal(0)
        cuts = [rate.since for rate in self.rates if start < rate.since < end] if len(self.rates) > 1 else []
        for since, until in pairwise([start, *cuts, end]):
            microseconds = (until - since) // MICROSECOND
            if microseconds > 0:
                total += self.at(since).per_second(cpu_count, memory_mb) * microseconds / 1_000_000
        return total


@dataclass(frozen=True)
class PriceBooks:
    """The book of each account: its own prices, and the general ones before the first of them.

    In SQL the same is the view `sandboxes_account_price_span`.
    """

    by_account: Mapping[int, PriceBook]
    ids: Mapping[str, int]

    def of(self, account_id: int) -> PriceBook:
        """One that is not there prices everything at nothing."""
        return self.by_account.get(account_id, PriceBook(()))

    def named(self, account: str) -> PriceBook:
        """By the account's name."""
        return self.of(self.ids.get(account, 0))

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[int, str, datetime, Decimal, Decimal]]) -> "PriceBooks":
        """Rows of account, name, since and rates, each account's oldest first."""
        rates: dict[int, list[Rate]] = {}
        ids: dict[str, int] = {}
        for account_id, name, since, per_vcpu, per_gib in rows:
            ids[name] = account_id
            rates.setdefault(account_id, []).append(Rate(since, per_vcpu, per_gib))
        return cls({key: PriceBook(found) for key, found in rates.items()}, ids)


def _since(rate: Rate) -> datetime:
    return rate.since
