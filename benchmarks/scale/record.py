"""A simulated backend's fleet written straight into the record: a hundred thousand looks would take minutes."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connection

from benchmarks.stack.standing import ACCOUNT
from sandboxes.core.accounts import client_for
from sandboxes.models import Account, AccountHealth

_GUARDS = """
INSERT INTO sandboxes_guard (id, sandbox_id, claim_number, protected, protected_reason, protected_by)
SELECT %s + n, name, 0, false, '', '' FROM unnest(%s::text[]) WITH ORDINALITY AS u (name, n)"""
_SANDBOXES = """
INSERT INTO sandboxes_sandbox
    (id, account_id, guard_id, sandbox_id, template_id, state, backend_state, by_action, created_at, started_at,
     cpu_count, memory_mb, metadata, envd_version, closed_cost_usd, burn_usd_per_hour, first_seen_at, fold)
SELECT %s + n, %s, %s + n, name, 'base', 'running', '', false, began, began, 2, 512, '{}', '', 0, 0.1, %s, '{}'
FROM unnest(%s::text[], %s::timestamptz[]) WITH ORDINALITY AS u (name, began, n)"""


def write(url: str) -> int:
    """In place of what was there, in the account of benchmarks; how many run."""
    return write_all([url])


def write_all(urls: Sequence[str]) -> int:
    """In place of what was there, an account for each backend, the first the one of benchmarks; how many run."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # the audit refuses it otherwise
        cursor.execute("TRUNCATE sandboxes_guard, sandboxes_sandbox, sandboxes_metricframe CASCADE")
        cursor.execute("SET session_replication_role = DEFAULT")
    Account.objects.exclude(pk__lte=len(urls)).update(enabled=False)
    total = 0
    for number, url in enumerate(urls):
        total += _fill(_account(ACCOUNT + number, url), total)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) sandboxes_guard, sandboxes_sandbox")
    return total


def _account(key: int, url: str) -> Account:
    account = Account.objects.filter(pk=key).first() or Account(pk=key, name=f"bench-{key}")
    # The same key, on purpose.
    account.url, account.api_key, account.enabled = url, Account.objects.get(pk=ACCOUNT).api_key, True
    account.save()
    AccountHealth.objects.get_or_create(account=account)
    return account


def _fill(account: Account, first: int) -> int:
    listed = asyncio.run(_running(account))
    names, began = [name for name, _ in listed], [at for _, at in listed]
    with connection.cursor() as cursor:
        cursor.execute(_GUARDS, [first, names])
        cursor.execute(_SANDBOXES, [first, account.pk, first, datetime.now(UTC), names, began])
    return len(listed)


async def _running(account: Account) -> list[tuple[str, datetime]]:
    async with client_for(account) as client:
        found = await client.list_all(("running",))
    return [(one.sandbox_id, one.started_at) for one in found.items if one.started_at]
