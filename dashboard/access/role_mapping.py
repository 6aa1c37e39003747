"""Which role and accounts the groups of a provider give: `admin=platform;operator:ci,prod=oncall;viewer=*`. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.access.rights import ROLES

EVERYBODY: Final = "*"


class BadMapping(ValueError):
    """The text is no mapping; the message names the part that is wrong."""


@dataclass(frozen=True)
class Given:
    """`accounts` are names; None: all of them."""

    role: str
    accounts: tuple[str, ...] | None
    group: str


def parse(text: str) -> list[Given]:
    """The rules in their order. Raises BadMapping."""
    return [_rule(part.strip()) for part in text.split(";") if part.strip()]


def match(rules: Sequence[Given], groups: Collection[str]) -> Given | None:
    """The first rule whose group somebody is in; None: nothing is given, so they are refused."""
    return next((rule for rule in rules if rule.group in {EVERYBODY, *groups}), None)


def groups_in(claim: object) -> list[str]:
    """A provider's claim as groups: a list of texts, or one text with several in it, by commas or spaces."""
    if isinstance(claim, str):
        return claim.replace(",", " ").split()
    return [one for one in claim if isinstance(one, str)] if isinstance(claim, list) else []


def _rule(part: str) -> Given:
    left, equals, group = part.partition("=")
    role, colon, names = left.strip().partition(":")
    accounts = tuple(name.strip() for name in names.split(",") if name.strip())
    if not equals or not group.strip() or role.strip() not in ROLES or (colon and not accounts):
        raise BadMapping(f"{part!r} is not role=group or role:account,account=group (roles: {', '.join(ROLES)})")
    return Given(role.strip(), accounts if colon else None, group.strip())
