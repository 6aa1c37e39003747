"""Which accounts whoever asks now may see, and which of those they look at: whatever reads the fleet asks here.

Held in context variables, so that one request's or socket's sight reaches each function that it calls and no other
request. Rounds of the workers have none: they see every account.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandboxes.models import Account

_held: ContextVar[frozenset[int] | None] = ContextVar("accounts that may be seen", default=None)
_chosen: ContextVar[frozenset[int] | None] = ContextVar("accounts that are looked at", default=None)


def limit(held: frozenset[int] | None, chosen: Collection[int] | None = None) -> None:
    """From now on only these accounts exist for what runs here; None: all. `chosen` narrows what is looked at."""
    _held.set(held)
    _chosen.set(None if chosen is None else frozenset(chosen))


@contextmanager
def limited(held: frozenset[int] | None, chosen: Collection[int] | None = None) -> Iterator[None]:
    """`limit` for a block."""
    before = _held.get(), _chosen.get()
    limit(held, chosen)
    try:
        yield
    finally:
        limit(*before)


def allows(account_id: int) -> bool:
    """Whether this account exists for whoever asks."""
    held = _held.get()
    return held is None or account_id in held


def held(accounts: Iterable["Account"]) -> list["Account"]:
    """Those of the accounts that may be seen."""
    return [account for account in accounts if allows(account.pk)]


def looked_at(accounts: Sequence["Account"]) -> list["Account"]:
    """Those of the accounts that may be seen and are looked at."""
    chosen = _chosen.get()
    return [account for account in held(accounts) if chosen is None or account.pk in chosen]


def everything() -> frozenset[int] | None:
    """The keys of the accounts that may be seen; None for all."""
    return _held.get()


def is_narrowed() -> bool:
    """Whether some accounts that may be seen are not looked at."""
    return _chosen.get() is not None
