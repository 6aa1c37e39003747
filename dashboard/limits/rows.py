"""The limits as the page shows them: in sections by what they count, each value with its bars and its forecast."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from dashboard.ui import formats
from sandboxes.limits.live import Stands
from sandboxes.limits.spec import ANY, LimitSpec

KEYS: Final = {
    "account": gettext_noop("Accounts"),
    "owner": gettext_noop("Owners"),
    "environment": gettext_noop("Environments"),
    "template": gettext_noop("Templates"),
}
NEAR_PCT: Final = 80
MOST_PCT: Final = 120  # where a bar ends
MOST_ROWS: Final = 200  # of a section
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Share:
    """Of a maximum: `amount` of `most`, as a bar; `state` by this maximum alone."""

    amount: Decimal | int
    most: Decimal | int
    pct: float
    state: str
    month: bool = False

    @property
    def most_words(self) -> str:
        """`$40`, of money."""
        return short_usd(Decimal(self.most))

    @property
    def bar(self) -> float:
        """How far a bar of MOST_PCT goes."""
        return min(self.pct, MOST_PCT)


@dataclass(frozen=True)
class Row:
    """One value: `key` tells it apart on the page, `link` leads to its sandboxes, `action` what was noted and when."""

    stands: Stands
    name: str
    account: str
    link: str
    running: Share | None
    money: Share | None
    ends_today_usd: Decimal

    @property
    def key(self) -> str:
        return urlencode({"value": self.stands.now.value, "of": self.stands.now.account or ""})

    @property
    def reaches_today(self) -> bool:
        """Whether its next budget is reached before midnight."""
        return self.stands.now.forecast_at is not None


@dataclass(frozen=True)
class Section:
    """Rows of one key under one head; `more` are left out of a long one."""

    head: str
    note: str
    limit: int | None
    rows: Sequence[Row]
    more: int


def rows_of(found: Iterable[Stands], accounts: dict[int, str], names: dict[str, str], now: datetime) -> list[Row]:
    """Those that cost most today first, so that a row keeps its place while its figures move."""
    rows = [_row(one, accounts, names, now) for one in found]
    return sorted(rows, key=lambda row: (-row.stands.now.usd_today, -row.stands.now.running, row.name, row.account))


def sections(rows: Iterable[Row]) -> list[Section]:
    """Accounts first; within a key those with limits of their own, then each common limit with whom it counts."""
    found: dict[tuple[int, str, int | None], list[Row]] = {}
    keys = [*KEYS]
    for row in rows:
        spec = row.stands.now.spec
        place = keys.index(spec.key) if spec.key in KEYS else len(keys)
        found.setdefault((place, spec.key, row.stands.now.limit if spec.value == ANY else None), []).append(row)
    order = sorted(found, key=lambda one: (one[0], one[1], one[2] is not None, one[2] or 0))
    return [_section(key, limit, found[place, key, limit]) for place, key, limit in order]


def _section(key: str, limit: int | None, rows: list[Row]) -> Section:
    head = _(KEYS[key]) if key in KEYS else key.removeprefix("metadata.")
    count = {"n": f"{len(rows):,}"}
    if limit is None:
        note = ngettext("%(n)s, with a limit of its own", "%(n)s, each with a limit of its own", len(rows)) % count
    else:
        spec = rows[0].stands.now.spec
        told = {**count, "name": spec.name, "most": maxima(spec)}
        note = ngettext("%(n)s under %(name)s: %(most)s", "%(n)s under %(name)s: %(most)s each", len(rows)) % told
    return Section(head, note, limit, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS))


def maxima(spec: LimitSpec) -> str:
    """`24 at once, $40 a day`."""
    parts = [
        (spec.max_running, _("%(most)s at once"), f"{spec.max_running or 0:,}"),
        (spec.usd_per_day, _("%(most)s a day"), short_usd(spec.usd_per_day)),
        (spec.usd_per_month, _("%(most)s a month"), short_usd(spec.usd_per_month)),
    ]
    return ", ".join(words % {"most": most} for value, words, most in parts if value is not None)


def short_usd(value: Decimal | None) -> str:
    """Whole dollars without cents: `$40`, `$12.50`."""
    if value is None:
        return ""
    return f"${formats.whole(value)}" if value == int(value) else formats.usd(float(value))


def _row(one: Stands, accounts: dict[int, str], names: dict[str, str], now: datetime) -> Row:
    of, spec = one.now, one.now.spec
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    money = [
        _share(of.usd_today, spec.usd_per_day, spec.warn_at_pct),
        _share(of.usd_this_month, spec.usd_per_month, spec.warn_at_pct, month=True),
    ]
    named = accounts.get(of.account, "") if of.account is not None and len(accounts) > 1 else ""
    return Row(
        stands=one,
        name=names.get(of.value, of.value) if spec.key == "template" else of.value,
        account="" if spec.key == "account" else named,
        link=_link(spec.key, of.value, accounts.get(of.account, "") if of.account is not None else ""),
        running=_share(of.running, spec.max_running, spec.warn_at_pct),
        money=max((share for share in money if share is not None), key=lambda share: share.pct, default=None),
        ends_today_usd=of.usd_today + of.burn_usd_per_hour * Decimal((midnight - now) / HOUR),
    )


def _share(amount: Decimal | int, most: Decimal | int | None, warn_at: int, *, month: bool = False) -> Share | None:
    if most is None:
        return None
    pct = float(100 * Decimal(amount) / Decimal(most))
    return Share(amount, most, pct, "over" if pct > 100 else "warn" if pct >= warn_at else "ok", month)


def _link(key: str, value: str, account: str) -> str:
    """The query of the list of sandboxes that run for this value."""
    asked = {"state": "running"} if key == "account" else {"state": "running", key: value}
    return urlencode(asked | ({"account": account} if account else {}))


@dataclass(frozen=True)
class Summary:
    """What stands above the table."""

    over: Sequence[Row]
    near: Sequence[Row]
    near_words: str
    reaching: Sequence[Row]
    spent: Decimal
    budget: Decimal | None
    by_midnight: Decimal


def summary(rows: Sequence[Row], spent: Decimal, burn: Decimal, now: datetime) -> Summary:
    """`spent` today and USD an hour now, of everything in sight."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    near = [row for row in rows if row.stands.now.state == "warn"]
    reaching = sorted(
        (row for row in rows if (at := row.stands.now.forecast_at) is not None and at < midnight),
        key=lambda row: row.stands.now.forecast_at or now,
    )
    budgets = [row.stands.now.spec.usd_per_day for row in rows if row.stands.now.spec.key == "account"]
    return Summary(
        over=[row for row in rows if row.stands.now.state == "over"],
        near=near,
        near_words=_near_words(near),
        reaching=reaching,
        spent=spent,
        budget=sum((one for one in budgets if one is not None), Decimal(0)) or None,
        by_midnight=spent + burn * Decimal((midnight - now) / HOUR),
    )


def _near_words(near: Sequence[Row]) -> str:
    counts = Counter(row.stands.now.spec.key for row in near)
    heads = {key: _(KEYS[key]).lower() if key in KEYS else key.removeprefix("metadata.") for key in counts}
    return ", ".join(f"{count:,} {heads[key]}" for key, count in counts.most_common())
