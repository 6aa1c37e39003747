"""What a caller may do, and in which accounts. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Verb(StrEnum):
    """What can be asked for. The first six are the scopes of a token; `SYSTEM` is what concerns every account at once
    (people, sign-in, accounts, prices): admin, of all accounts."""

    READ = "read"
    LEASE = "lease"
    ACT = "act"
    ADMIN = "admin"
    INSIDE_READ = "inside:read"
    INSIDE_WRITE = "inside:write"
    SYSTEM = "system"


SCOPES: Final = tuple(verb for verb in Verb if verb is not Verb.SYSTEM)
ROLES: Final[Mapping[str, frozenset[Verb]]] = MappingProxyType(
    {
        "viewer": frozenset({Verb.READ}),
        "operator": frozenset(SCOPES) - {Verb.ADMIN},
        "admin": frozenset(SCOPES),
    }
)


@dataclass(frozen=True, slots=True)
class Rights:
    """Scopes, and the primary keys of the accounts that they hold for; None: every account, later ones too."""

    scopes: frozenset[Verb]
    accounts: frozenset[int] | None = None

    def may(self, verb: Verb, account: int | None = None) -> bool:
        """Whether they allow `verb`, there where an account is named."""
        if verb is Verb.SYSTEM:
            return Verb.ADMIN in self.scopes and self.accounts is None
        return verb in self.scopes and (account is None or self.holds([account]))

    def holds(self, accounts: Iterable[int]) -> bool:
        """Whether they reach all of these accounts."""
        return self.accounts is None or self.accounts.issuperset(accounts)

    def covers(self, other: "Rights") -> bool:
        """Whether whoever has these may give the others: nobody gives what they lack."""
        if other.accounts is None and self.accounts is not None:
            return False
        return self.scopes >= other.scopes and self.holds(other.accounts or ())

    def within(self, most: "Rights") -> "Rights":
        """What both allow."""
        return Rights(self.scopes & most.scopes, _common(self.accounts, most.accounts))


NONE: Final = Rights(frozenset(), frozenset())
EVERYTHING: Final = Rights(frozenset(SCOPES))


def of_role(role: str, accounts: Iterable[int] | None) -> Rights:
    """A role's rights in these accounts; in all of them for None. An unknown role has none."""
    return Rights(ROLES.get(role, frozenset()), None if accounts is None else frozenset(accounts))


def _common(one: frozenset[int] | None, other: frozenset[int] | None) -> frozenset[int] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
