"""How everybody stands against the limits: usage in, standings out; it asks nothing and has no clock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from sandboxes.cost.money import usd_of
from sandboxes.limits.spec import ANY, LimitSpec
from sandboxes.limits.usage import Used

State = Literal["ok", "warn", "over"]
Usage = Mapping[tuple[int, str], Mapping[str, Used]]  # by account and key, then by value
NOBODY: Final = Used()


class Counted(NamedTuple):
    """A limit with its row's key, and the accounts that it counts: all `together`, or each apart."""

    pk: int
    spec: LimitSpec
    accounts: Sequence[int]
    together: bool


@dataclass(frozen=True)
class Standing:
    """One value against one limit; `account` is its key, None where several count together.

    `used_pct` is of the maximum that is used most: over where it is above 100, a warning from `warn_at_pct` on.
    """

    limit: int
    spec: LimitSpec
    value: str
    account: int | None
    accounts: Sequence[int]
    running: int
    burn_usd_per_hour: Decimal
    usd_today: Decimal
    usd_this_month: Decimal
    used_pct: float
    state: State
    forecast_at: datetime | None


def standings(limits: Sequence[Counted], usage: Usage, names: Mapping[str, str], now: datetime) -> list[Standing]:
    """Of every value that a limit counts; `names` are those of templates by ID. The most used first.

    Each value for itself: `*` leaves out a value that another limit names in all of the accounts that are counted.
    """
    found = [
        _standing(limit, value, accounts, used, now)
        for limit in limits
        for accounts in ([tuple(limit.accounts)] if limit.together else [(one,) for one in limit.accounts])
        for value, used in _values(limit, accounts, _rivals(limit, accounts, limits), usage, names)
    ]
    return sorted(found, key=lambda one: (-one.used_pct, one.spec.name, one.value, one.account or 0))


def _rivals(limit: Counted, accounts: tuple[int, ...], limits: Iterable[Counted]) -> list[LimitSpec]:
    """Limits that name a value of the same key for at least these accounts: they beat `*`."""
    if limit.spec.value != ANY:
        return []
    return [
        other.spec
        for other in limits
        if other.spec.key == limit.spec.key and other.spec.value != ANY and set(other.accounts) >= set(accounts)
    ]


def _values(
    limit: Counted, accounts: tuple[int, ...], rivals: Sequence[LimitSpec], usage: Usage, names: Mapping[str, str]
) -> Iterator[tuple[str, Used]]:
    key, wanted = limit.spec.key, limit.spec.value
    used: dict[str, Used] = {}
    for account in accounts:
        for value, one in usage.get((account, key), {}).items():
            used[value] = used.get(value, NOBODY) + one
    if wanted == ANY:
        yield from ((v, u) for v, u in used.items() if not any(is_named(r, v, names) for r in rivals))
        return
    mine = [one for value, one in used.items() if is_named(limit.spec, value, names)]
    if mine or limit.together:
        yield wanted, sum(mine, NOBODY)


def is_named(spec: LimitSpec, value: str, names: Mapping[str, str]) -> bool:
    """Whether the limit's value is this one; a template is named by its ID or by its name."""
    return spec.value == value or (spec.key == "template" and names.get(value) == spec.value)


def _standing(limit: Counted, value: str, accounts: tuple[int, ...], used: Used, now: datetime) -> Standing:
    spec, today, month = limit.spec, usd_of(used.today), usd_of(used.month)
    shares = [
        float(100 * Decimal(amount) / most)
        for amount, most in ((used.running, spec.max_running), (today, spec.usd_per_day), (month, spec.usd_per_month))
        if most is not None
    ]
    used_pct = max(shares)
    return Standing(
        limit=limit.pk, spec=spec, value=value, accounts=accounts,
        account=accounts[0] if len(accounts) == 1 else None,
        running=used.running, burn_usd_per_hour=used.burn_usd_per_hour, usd_today=today, usd_this_month=month,
        used_pct=used_pct, state="over" if used_pct > 100 else "warn" if used_pct >= spec.warn_at_pct else "ok",
        forecast_at=forecast_at(spec, used, now),
    )  # fmt: skip


def forecast_at(spec: LimitSpec, used: Used, now: datetime) -> datetime | None:
    """When the next budget is reached, if what runs goes on at its present price and nothing starts or ends.

    (budget − spent) ÷ (USD an hour that the value's running sandboxes burn) from now, for the day's and the month's
    budget; the earlier of both. None where that is not before the end of that UTC day or month, or is past already.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    day_end, month_end = midnight + timedelta(days=1), (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
    found = [
        _reached(spec.usd_per_day, usd_of(used.today), used.burn_usd_per_hour, now, day_end),
        _reached(spec.usd_per_month, usd_of(used.month), used.burn_usd_per_hour, now, month_end),
    ]
    return min((at for at in found if at is not None), default=None)


def _reached(budget: Decimal | None, spent: Decimal, burn: Decimal, now: datetime, end: datetime) -> datetime | None:
    if budget is None or spent >= budget or burn <= 0:
        return None
    hours = (budget - spent) / burn
    left = Decimal((end - now) / timedelta(hours=1))
    return now + timedelta(hours=float(hours)) if hours < left else None
