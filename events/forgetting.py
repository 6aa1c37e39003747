"""Forgets a simulated fleet that no longer runs: each start of the demo is a new fleet with a past of its own."""

from django.db import connection

from sandboxes.models import Account

# What hangs on a sandbox, then what hangs on the account; each statement takes the account's primary key.
_OF_A_SANDBOX = "DELETE FROM {0} t USING sandboxes_sandbox s WHERE s.id = t.sandbox_id AND s.account_id = %s"
_CONDEMNED = """
UPDATE sandboxes_guard g SET condemned_by_id = NULL
FROM sandboxes_action a WHERE a.id = g.condemned_by_id AND a.account_id = %s"""
_LEFT_GUARDS = """
DELETE FROM sandboxes_guard g WHERE NOT EXISTS (SELECT 1 FROM sandboxes_sandbox s WHERE s.guard_id = g.id)"""
_STATEMENTS = [
    *(_OF_A_SANDBOX.format(f"sandboxes_{name}") for name in ("executionend", "execution", "verdict", "leasespan")),
    *(_OF_A_SANDBOX.format(f"sandboxes_{name}") for name in ("metricseries", "seriesminutes", "serieshours")),
    _CONDEMNED,
    *(
        f"DELETE FROM {table} WHERE account_id = %s"
        for table in (
            "sandboxes_action", "sandboxes_sandbox", "sandboxes_metricframe", "sandboxes_fleetminute",
            "sandboxes_fleetten", "sandboxes_fleethour", "sandboxes_fleetgroup",
            "events_lifecycleevent", "events_delivery", "events_reconcilemark", "sandboxes_accounthealth",
        )
    ),
]  # fmt: skip


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
        for statement in _STATEMENTS:
            with connection.cursor() as cursor:
                cursor.execute(statement, [account.pk])
        with connection.cursor() as cursor:
            cursor.execute(_LEFT_GUARDS)
        account.delete()
    return len(left)
