"""Policies and rules name the accounts they are for, in `match.accounts`; none named: all."""

from collections.abc import Collection
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from sandboxes.core import sight
from sandboxes.models import Account

M = TypeVar("M", bound=Model)


def in_sight(rows: QuerySet[M]) -> QuerySet[M]:
    """Those that are for an account that whoever asks may see: for all accounts, or for one of theirs by name."""
    held = sight.everything()
    if held is None:
        return rows
    names = list(Account.objects.filter(pk__in=held).values_list("name", flat=True))
    everywhere = Q(match__accounts=[]) | Q(match__accounts__isnull=True)
    return rows.filter(everywhere | Q(match__accounts__has_any_keys=names))


def unknown(named: Collection[str]) -> str:
    """The first of these names that is no account's, in words with those that there are; empty where there is none."""
    there = sorted(one.name for one in sight.held(Account.objects.only("name"))) if named else []
    strange = sorted(set(named).difference(there))
    return f"no account named {strange[0]!r}; there are: {', '.join(there) or 'none'}" if strange else ""
