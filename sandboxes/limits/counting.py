"""Which accounts each limit counts, and the names of templates: what judging needs beside the usage."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sandboxes.core.accounts import fleets
from sandboxes.limits.book import spec_of
from sandboxes.limits.judging import Counted
from sandboxes.models import Account, AccountHealth, Limit


def counted(limits: Iterable[Limit], enabled: Sequence[Account]) -> list[Counted]:
    """Each limit with the fleets that it counts among these accounts; of two that list the same sandboxes only one."""
    names = {account.pk: account.name for account in enabled}
    found = []
    for limit in limits:
        among = enabled if limit.accounts is None else [one for one in enabled if one.pk in limit.accounts]
        keys = [account.pk for account in fleets(among)]
        spec = spec_of(limit, names)
        if spec.key == "account":  # each account is a value of its own
            found.append(Counted(limit.pk, spec, keys, together=False))
        elif keys:
            found.append(Counted(limit.pk, spec, keys, together=limit.accounts is not None))
    return found


def wanted(limits: Iterable[Counted]) -> set[tuple[int, str]]:
    """Accounts and keys whose usage has to be known."""
    return {(account, limit.spec.key) for limit in limits for account in limit.accounts}


def template_names(accounts: Collection[int]) -> dict[str, str]:
    """By ID, as the backends last told them."""
    told = AccountHealth.objects.filter(account__in=accounts).order_by("pk").values_list("templates", flat=True)
    return {template: name for of_one in told for template, one in of_one.items() if (name := _name(one))}


def _name(told: Mapping[str, Any] | Any) -> str:
    return str(told.get("name") or "") if isinstance(told, Mapping) else ""
