"""Which accounts are at work, and a client for one."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q

from sandboxes.core import sight
from sandboxes.core.cooldowns import SharedPauses
from sandboxes.core.crypto import CryptoError
from sandboxes.e2b import E2BClient
from sandboxes.models import Account, AccountHealth

DEMO = "demo"


def keys_stored(account: Account) -> frozenset[str] | None:
    """The only metadata keys that are stored of its sandboxes; None for all."""
    return None if account.store_metadata_keys is None else frozenset(account.store_metadata_keys)


def enabled_accounts() -> list[Account]:
    """Accounts to watch, oldest first, as far as whoever asks looks at them (`sight`).

    The simulated one steps back once a real one exists.
    """
    return sight.looked_at(_at_work(list(Account.objects.filter(enabled=True).order_by("id"))))


def held_accounts() -> list[Account]:
    """Those of the accounts to watch that may be seen, looked at or not."""
    return sight.held(_at_work(list(Account.objects.filter(enabled=True).order_by("id"))))


def kept_accounts() -> list[Account]:
    """Those that may be seen, disabled ones too, oldest first; not a simulated one that was set aside."""
    return sight.held(Account.objects.exclude(simulated=True, enabled=False).order_by("id"))


def _at_work(enabled: list[Account]) -> list[Account]:
    return [account for account in enabled if not account.simulated] or enabled


def fleets(enabled: Sequence[Account] | None = None) -> list[Account]:
    """Of the accounts to watch those that stand for a fleet: of several that list the same sandboxes only one.

    That one is polled, judged and counted; all are listed, take events and can act. See `same_fleets`.
    """
    enabled = enabled_accounts() if enabled is None else enabled
    there = {account.pk for account in enabled}
    return [account for account in enabled if account.same_fleet_as_id not in there]


def first_account() -> Account | None:
    """The account behind `/webhooks/e2b/` and the pages."""
    return next(iter(enabled_accounts()), None)


def client_for(account: Account, at_once: int = 8) -> E2BClient:
    """An E2B client with the account's address and key, for `at_once` calls side by side; an async context manager.

    Where the stored key can't be opened, each of its calls raises e2b.KeyUnreadable; where the account's `actions` is
    `none`, or READ_ONLY is set, each changing one raises e2b.ChangesForbidden.
    """
    shared = SharedPauses(account) if account.pk else None
    try:
        key, unreadable = account.api_key or None, ""
    except CryptoError as error:
        key, unreadable = None, str(error)
    return E2BClient(
        account.url, key, max_concurrency=at_once, shared=shared, key_unreadable=unreadable,
        may_change=account.lets_people_act,
    )  # fmt: skip


def health_of(account: Account) -> AccountHealth:
    """The account's health row, made when it is missing: at a first start several rounds want to make it at once."""
    held = AccountHealth.objects.filter(account=account).first()
    if held is None:
        AccountHealth.objects.bulk_create([AccountHealth(account=account)], ignore_conflicts=True)
        held = AccountHealth.objects.get(account=account)
    return held


def clock_offset(account: Account) -> timedelta:
    """The backend's clock minus ours, as its last answers reported; nothing before the first."""
    health = getattr(account, "health", None)
    return timedelta(seconds=health.clock_offset_seconds if health is not None else 0)


def shown_account_ids() -> list[int]:
    """Primary keys of the accounts whose sandboxes pages and REST show: each sandbox once."""
    return [account.pk for account in fleets()]


def by_name(name: str) -> Account | None:
    """The account of that name; the empty name means the first one."""
    if not name:
        return first_account()
    if "\0" in name:  # PostgreSQL holds no such text
        return None
    found = Account.objects.filter(Q(name=name), enabled=True).first()
    return found if found is not None and sight.allows(found.pk) else None


def by_names() -> dict[str, Account]:
    """All enabled accounts by name, as `by_name` finds them one by one; the first one under the empty name too."""
    enabled = list(Account.objects.filter(enabled=True).order_by("id"))
    first = next(iter(_at_work(enabled)), None)
    return {account.name: account for account in enabled} | ({"": first} if first is not None else {})
