"""Forgets whole fleets: simulated ones that no longer run, and those of deleted accounts when they are past their age.

Each start of the demo is a new fleet with a past of its own.
"""

from datetime import datetime

from events import queries
from sandboxes.actions import abandoning
from sandboxes.cleanup import retention
from sandboxes.core import database, rounds
from sandboxes.models import Account


def set_aside(account: Account) -> None:
    """Frees a simulated account's name at once; `forget_set_aside` deletes its fleet later.

    Raises ValueError for an account that is not simulated: what a real backend told is never forgotten here.
    """
    if not account.simulated:
        raise ValueError(f"account {account.name} is no simulated one")
    account.name, account.enabled = f"{account.name}-{account.pk}-was", False
    account.save(update_fields=["name", "enabled"])


def forget_set_aside() -> int:
    """Deletes the simulated fleets that were set aside; how many."""
    left = Account.objects.filter(simulated=True, enabled=False, name__endswith="-was").order_by("pk")
    return rounds.in_turn("forget", left, _forget)


def forget_deleted(now: datetime) -> int:
    """Deletes what is left of accounts that people deleted 400 days ago, and with it frees their names; how many.

    Of later ones it ends what was asked for while they were being deleted.
    """
    deleted = list(Account.with_deleted.exclude(deleted_at=None).order_by("pk"))
    past = [account for account in deleted if account.deleted_at and account.deleted_at < now - retention.KEPT]
    rounds.in_turn("forget", deleted, lambda account: abandoning.end_all(account, "the account was deleted"))
    return rounds.in_turn("forget", past, _forget)


def _forget(account: Account) -> None:
    for statement in queries.FORGET_FLEET:
        database.execute(statement, [account.pk])
    database.execute(queries.LEFT_GUARDS)
    account.delete()
