"""What the backend charged for a month, as somebody typed it, beside what we say: a check of the price book."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from sandboxes.core import sight
from sandboxes.cost.breakdown import spend
from sandboxes.cost.question import Question
from sandboxes.models import Account, InvoiceEntered


class Invoice(msgspec.Struct, frozen=True):
    """`estimated_usd` is our cost of the UTC month, so far where it still goes on; `off_pct` is of the invoice."""

    account: str
    month: str
    usd: Decimal
    estimated_usd: Decimal
    difference_usd: Decimal
    off_pct: float | None
    entered_by: str
    entered_at: datetime


def enter(account: Account, month: date, usd: Decimal, by: str, now: datetime) -> InvoiceEntered:
    """Stores what was charged for the month that begins at `month`, in the place of what was entered before."""
    told = {"usd": usd, "entered_by": by, "entered_at": now}
    return InvoiceEntered.objects.update_or_create(account=account, month=month.replace(day=1), defaults=told)[0]


def forget(account: Account, month: date) -> bool:
    """Deletes it; whether there was one."""
    found = InvoiceEntered.objects.filter(account=account, month=month.replace(day=1)).first()
    if found is not None:
        found.delete()
    return found is not None


def invoices(now: datetime, accounts: Collection[int] | None = None) -> list[Invoice]:
    """The newest month first, of the accounts in sight that are looked at; or of these alone."""
    held = {one.pk: one.name for one in sight.looked_at(list(Account.objects.order_by("id")))}
    rows = InvoiceEntered.objects.filter(account__in=held if accounts is None else held.keys() & set(accounts))
    return [_checked(row, held[row.account_id], now) for row in rows.order_by("-month", "account__name")]


def _checked(row: InvoiceEntered, account: str, now: datetime) -> Invoice:
    start = datetime(row.month.year, row.month.month, 1, tzinfo=UTC)
    end = min((start + timedelta(days=32)).replace(day=1), now)
    said = spend(Question(start, end), now, row.account_id, waste=False).total_usd if start < end else Decimal(0)
    off = said - row.usd
    return Invoice(
        account=account, month=f"{row.month:%Y-%m}", usd=row.usd, estimated_usd=said, difference_usd=off,
        off_pct=round(float(100 * off / row.usd), 2) if row.usd else None,
        entered_by=row.entered_by, entered_at=row.entered_at,
    )  # fmt: skip
