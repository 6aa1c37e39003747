"""Forgets a simulated fleet that no longer runs: each start of the demo is a new fleet with a past of its own."""

from events import queries
from sandboxes.core import database
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
    left = list(Account.objects.filter(simulated=True, enabled=False, name__endswith="-was"))
    for account in left:
        for statement in queries.FORGET_FLEET:
            database.execute(statement, [account.pk])
        database.execute(queries.LEFT_GUARDS)
        account.delete()
    return len(left)
