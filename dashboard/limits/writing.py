"""Who writes which limit: for accounts that they hold, all of them."""

from msgspec.structs import replace

from dashboard.access import reach
from dashboard.access.callers import Caller
from sandboxes.limits import book
from sandboxes.limits.spec import LimitSpec
from sandboxes.models import Account, Limit


def write(caller: Caller, spec: LimitSpec, limit: Limit | None = None) -> Limit:
    """As `book.write`. Raises OutOfReach too: no account named is each account, of all that there are.

    Whoever holds a single account need not name it: theirs is meant.
    """
    held = caller.rights.accounts
    if held is not None and len(held) == 1 and not spec.accounts:
        spec = replace(spec, accounts=tuple(reach.named(caller, ())))
    reach.check(caller, spec.accounts)
    return book.write(spec, limit)


def accounts_of(limit: Limit) -> list[str]:
    """Names of the accounts that it counts together; none for each account."""
    return list(Account.objects.filter(pk__in=limit.accounts or ()).values_list("name", flat=True))
