"""Which accounts an address names by `?account=a,b`, among those that exist for whoever asks."""

from sandboxes.core import sight
from sandboxes.models import Account


class NoName(ValueError):
    """It names none: an empty word."""


class NoSuchAccount(LookupError):
    """There is none of that name, or whoever asks may not see it; which of both is not told."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def keys_of(text: str) -> frozenset[int]:
    """Primary keys of the accounts named, disabled ones too. Raises NoName and NoSuchAccount."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise NoName
    there = {account.name: account.pk for account in sight.held(Account.objects.only("name"))}
    unknown = next((name for name in names if name not in there), None)
    if unknown is not None:
        raise NoSuchAccount(unknown)
    return frozenset(there[name] for name in names)
