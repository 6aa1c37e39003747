"""What unfolds under a row of Limits: its day as a curve, where its money goes, what follows; and who uses most."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from dashboard.limits.rows import HOUR, Row
from sandboxes.cleanup import policy_book
from sandboxes.core import sight
from sandboxes.cost import Question, running_now, spend, template_names
from sandboxes.models import Policy

WIDTH, HEIGHT = 388, 104
MOST_PARTS: Final = 5
HEADROOM: Final = Decimal("1.2")  # a first limit leaves a fifth
ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Curve:
    """Today's money in a drawing of WIDTH × HEIGHT: `spent` so far, `ahead` at the present burn, and the budget."""

    spent: str
    area: str
    ahead: str
    now_x: float
    end_y: float
    budget_y: float | None
    warn_y: float | None
    reached_x: float | None


@dataclass(frozen=True)
class Part:
    """Of today's money: a template, or an owner; its share of the largest."""

    name: str
    usd: Decimal
    of_most_pct: float


def inside(row: Row, now: datetime) -> dict[str, Any]:
    """Everything that `limits/inside.html` shows beside the row itself."""
    of = row.stands.now
    follows = policy_book.visible().filter(orphan_when__over_limit=of.spec.name).order_by("name")
    return {
        "curve": curve(row, hours(row, now), now), "width": WIDTH, "height": HEIGHT,
        "parts": parts(row, now), "by_owner": of.spec.key == "template",
        "policies": [(policy, _mode(policy)) for policy in follows],
    }  # fmt: skip


def _mode(policy: Policy) -> str:
    return "off" if not policy.enabled else policy.mode


def hours(row: Row, now: datetime) -> list[tuple[datetime, Decimal]]:
    """USD of each hour of today so far, by its start."""
    found: dict[datetime, Decimal] = defaultdict(Decimal)
    for item in _items(row, now, "hour", row.stands.now.spec.key):
        if item.bucket is not None and _is_meant(row, item.group):
            found[item.bucket] += item.cost_usd
    return sorted(found.items())


def parts(row: Row, now: datetime) -> list[Part]:
    """By template, of a template by owner: the largest of today. None where the key can't be asked together."""
    key, by = row.stands.now.spec.key, "owner" if row.stands.now.spec.key == "template" else "template"
    found: dict[str, Decimal] = defaultdict(Decimal)
    for item in _items(row, now, "total", by, only=(key, row.stands.now.value)):
        found[item.group or ""] += item.cost_usd
    names = template_names() if by == "template" else {}
    largest = sorted(found.items(), key=lambda one: -one[1])[:MOST_PARTS]
    most = largest[0][1] if largest else ZERO
    return [Part(names.get(name, name), usd, float(100 * usd / most) if most else 0) for name, usd in largest]


def curve(row: Row, hourly: Sequence[tuple[datetime, Decimal]], now: datetime) -> Curve:
    """The cumulated money of the day, and the line from now to midnight at what it burns."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    of, budget = row.stands.now, row.stands.now.spec.usd_per_day
    top = max(row.ends_today_usd, budget or ZERO, Decimal("0.01")) * Decimal("1.08")
    points, total = [(0.0, ZERO)], ZERO
    for start, usd in hourly:
        points.append((_x(start, midnight), total))
        total += usd
        points.append((_x(min(start + HOUR, now), midnight), total))
    points.append((_x(now, midnight), of.usd_today))
    drawn = " ".join(f"{x:.1f},{_y(usd, top):.1f}" for x, usd in points)
    now_x, end_y = _x(now, midnight), _y(row.ends_today_usd, top)
    reached = of.forecast_at if budget is not None and of.forecast_at else None
    return Curve(
        spent=drawn,
        area=f"{drawn} {now_x:.1f},{HEIGHT} 0,{HEIGHT}",
        ahead=f"{now_x:.1f},{_y(of.usd_today, top):.1f} {WIDTH},{end_y:.1f}",
        now_x=round(now_x, 1),
        end_y=round(end_y, 1),
        budget_y=None if budget is None else round(_y(budget, top), 1),
        warn_y=None if budget is None else round(_y(budget * of.spec.warn_at_pct / 100, top), 1),
        reached_x=None if reached is None or reached >= midnight + 24 * HOUR else round(_x(reached, midnight), 1),
    )


def most_used(now: datetime) -> dict[str, Any]:
    """Whose running sandboxes cost most today, and the query of a first limit at a fifth more."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = Question(midnight, max(now, midnight + timedelta(microseconds=1)), group_by="owner")
    spent = {item.group: item.cost_usd for item in spend(asked, now, waste=False).items if item.group}
    runs = {owner: one.sandboxes for owner, one in running_now(asked).items() if owner}
    first = max({*spent, *runs}, key=lambda owner: (spent.get(owner, ZERO), runs.get(owner, 0)), default=None)
    if first is None:
        return {"most_used": None, "fills_in": ""}
    running, usd = runs.get(first, 0), spent.get(first, ZERO)
    fills = {"key": "owner", "value": "*", "name": _("Each owner")}
    if running:
        fills["max_running"] = str(int(running * HEADROOM) + 1)
    if usd:
        fills["usd_per_day"] = str(int(usd * HEADROOM) + 1)
    return {"most_used": (first, running, usd), "fills_in": urlencode(fills)}


def _items(row: Row, now: datetime, bucket: str, by: str, only: tuple[str, str] | None = None) -> Iterable[Any]:
    """What today cost in the accounts that the row counts, as far as they may be seen."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight == now:
        return
    asked = Question(midnight, now, bucket, by, only)
    for account in row.stands.now.accounts:
        if sight.allows(account):
            yield from spend(asked, now, account, waste=False).items


def _is_meant(row: Row, group: str | None) -> bool:
    return group is not None and group in {row.stands.now.value, row.name}


def _x(at: datetime, midnight: datetime) -> float:
    return WIDTH * ((at - midnight) / timedelta(days=1))


def _y(usd: Decimal, top: Decimal) -> float:
    return HEIGHT - HEIGHT * float(usd / top)
