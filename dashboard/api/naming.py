"""Accounts as calls name them: by name, or `*` alone for all."""

from collections.abc import Collection, Mapping, Sequence

from dashboard.api.errors import bad_request
from sandboxes.core import sight
from sandboxes.models import Account

ALL = "*"


def all_names() -> dict[int, str]:
    """Names of all accounts by key, read once for a list."""
    return dict(Account.objects.values_list("pk", "name"))


def account_names(keys: Collection[int] | None, known: Mapping[int, str] | None = None) -> list[str]:
    """Names of these accounts, sorted; `*` for all. One that was deleted since has none. `known`: see `all_names`."""
    if keys is None:
        return [ALL]
    known = all_names() if known is None else known
    return sorted(known[key] for key in keys if key in known)


def account_keys(names: Sequence[str]) -> list[int] | None:
    """The other way round. Raises Refusal 400 for none, and for one that the caller can't name."""
    if list(names) == [ALL]:
        return None
    there = {one.name: one.pk for one in sight.held(Account.objects.only("name"))}
    unknown = sorted(set(names) - there.keys())
    if not names or unknown:
        told = f"accounts: no account named {unknown[0]!r}" if unknown else 'accounts: name some, or ["*"] for all'
        raise bad_request(told, {"field": "accounts"})
    return sorted({there[name] for name in names})
