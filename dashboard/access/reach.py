"""Which accounts a thing that somebody writes may name: those that they hold themselves."""

from collections.abc import Collection, Sequence

from django.core.exceptions import PermissionDenied

from dashboard.access.callers import Caller
from sandboxes.models import Account


class OutOfReach(PermissionDenied):
    """It is for accounts that whoever writes lacks; `needs` names them as far as they may be seen."""

    def __init__(self, needs: Sequence[str]) -> None:
        super().__init__(f"this needs {', '.join(needs)}")
        self.needs = list(needs)


def named(caller: Caller, names: Collection[str]) -> list[str]:
    """The accounts that are stored for those named: none named is all accounts of whoever writes. Raises OutOfReach."""
    held = _held(caller)
    if held is None:
        return list(names)
    if names:
        check(caller, names)
        return list(names)
    return sorted(held)


def check(caller: Caller, names: Collection[str]) -> None:
    """Raises OutOfReach where something for these accounts (none: for all) is not the caller's to change."""
    held = _held(caller)
    if held is not None and (not names or not held.issuperset(names)):
        raise OutOfReach(["accounts:*"] if not names else [f"account:{name}" for name in sorted(names) if name in held])


def _held(caller: Caller) -> set[str] | None:
    if caller.rights.accounts is None:
        return None
    return set(Account.objects.filter(pk__in=caller.rights.accounts).values_list("name", flat=True))
