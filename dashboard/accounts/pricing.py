"""The dated price books: a price begins now or later, in general or for one account; none is ever changed."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sandboxes.models import Account, AccountPrice, Price

RateOf = tuple[str | None, Price | AccountPrice]


class Taken(ValueError):
    """There is a price from that moment."""


def add(account: Account | None, since: datetime, per_vcpu: Decimal, per_gib: Decimal) -> Price | AccountPrice:
    """Adds a price in USD a second from `since` on; None: for all accounts without one of their own. Raises Taken."""
    rates = {"since": since, "usd_per_vcpu_second": per_vcpu, "usd_per_gib_second": per_gib}
    try:
        with transaction.atomic():
            if account is None:
                return Price.objects.create(**rates)
            return AccountPrice.objects.create(account=account, **rates)
    except IntegrityError:
        raise Taken(_("There is already a price from that moment")) from None


def visible(held: Sequence[Account]) -> list[RateOf]:
    """General prices and those of these accounts, with the account's name; newest first."""
    names = {one.pk: one.name for one in held}
    found: list[RateOf] = [(None, one) for one in Price.objects.all()]
    found += [(names[one.account_id], one) for one in AccountPrice.objects.filter(account__in=names)]
    return sorted(found, key=lambda one: (one[1].since, one[0] or ""), reverse=True)


def in_force(prices: Sequence[RateOf], now: datetime) -> set[RateOf]:
    """Of each account, and in general, the newest that has begun."""
    begun = sorted((one for one in prices if one[1].since <= now), key=lambda one: one[1].since)
    return set({name: (name, price) for name, price in begun}.values())
