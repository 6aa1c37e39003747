"""Which alerts a silence covers, and which channels a route leads to. Pure."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from sandboxes.alerts.rules.kinds import METADATA
from sandboxes.policies.spec import Value, Word

ROUTE_KEYS: Final = ("owner", "environment")
MOST_ROUTES: Final = 500
T = TypeVar("T")
_Names = Annotated[tuple[Word, ...], Meta(max_length=100)]


class MatchError(ValueError):
    """A silence or a route that can't be taken; the message names the field and says what to do."""


class SilenceMatch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What a silence covers: alerts for which ALL that is given holds. `rule` is the rule's name."""

    rule: Word | UnsetType = UNSET
    account: Word | UnsetType = UNSET
    owner: Value | UnsetType = UNSET
    environment: Value | UnsetType = UNSET
    template: Value | UnsetType = UNSET
    severity: Literal["info", "warning", "critical"] | UnsetType = UNSET


class Route(Struct, frozen=True, forbid_unknown_fields=True):
    """Channels for the alerts whose group has this `key` with a value that fits `match`: * and ? stand for any text."""

    key: Word
    match: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*$")]
    channels: _Names


class Routes(Struct, frozen=True, forbid_unknown_fields=True):
    """The first route that fits counts; `default` is for rules without channels, and for what no route fits."""

    default: _Names = ()
    routes: Annotated[tuple[Route, ...], Meta(max_length=MOST_ROUTES)] = ()


class Matched(Struct, frozen=True):
    """What is asked of an alert: its rule's name, the names of the accounts that it concerns, group and severity."""

    rule: str
    accounts: frozenset[str]
    group: Mapping[str, str]
    severity: str


def parse_match(given: object) -> SilenceMatch:
    """Raises MatchError, also where it names nothing: that would silence everything."""
    match = converted(given, SilenceMatch)
    if all(getattr(match, name) is UNSET for name in match.__struct_fields__):
        raise MatchError("match is empty: name a rule, account, owner, environment, template or severity")
    return match


def parse_routes(given: object) -> Routes:
    """Raises MatchError."""
    routes = converted(given, Routes)
    for route in routes.routes:
        if route.key not in ROUTE_KEYS and not route.key.startswith(METADATA):
            raise MatchError(f"routes: key {route.key!r} is none of {', '.join(ROUTE_KEYS)} and metadata.KEY")
        if not route.channels:
            raise MatchError(f"routes: {route.match!r} names no channel")
    return routes


def covers(match: SilenceMatch, alert: Matched) -> bool:
    """Whether it silences the alert. One account's silence does not silence what concerns another account too."""
    given = {name: value for name in match.__struct_fields__ if (value := getattr(match, name)) is not UNSET}
    asked = {"rule": alert.rule, "severity": alert.severity} | dict(alert.group)
    if "account" in given and alert.accounts != {given.pop("account")}:
        return False
    return all(asked.get(name) == value for name, value in given.items())


def channels_for(
    routes: Routes, own: Sequence[str], route_by: str | None, group: Mapping[str, str]
) -> tuple[list[str], bool]:
    """The names of the channels that an alert is told on, each once, and whether it fell to the default.

    A rule's own channels, and with `route_by` those of the first route that fits; neither: the default.
    """
    found = list(own)
    if route_by is not None:
        value = group.get(route_by, "")
        found += next((r.channels for r in routes.routes if r.key == route_by and fnmatchcase(value, r.match)), ())
    fell = not found
    return list(dict.fromkeys(found or routes.default)), fell


def converted(given: object, kind: type[T]) -> T:
    """A decoded JSON object as `kind`, read strictly. Raises MatchError."""
    try:
        return msgspec.convert(given, kind, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MatchError(str(error).replace("`$.", "`")) from error
