"""The kinds of rules (REST contract, "Alerts"): which fields each takes, what its figure counts, how it may be grouped.

Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Unit = Literal["sandboxes", "usd_per_hour", "pct", "seconds", "count", "days"]
METADATA: Final = "metadata."
BY_SANDBOX: Final = ("account", "owner", "environment", "template", METADATA)


@dataclass(frozen=True)
class Kind:
    """One kind: `one_of` are fields of which exactly one is given, `all_of` are all given, `maybe` may be.

    `groups` is what its figures can be told apart by; `default_groups` where a rule names none and one alert over
    everything would mean nothing. `below` kinds fire under their limit. `inclusive`: reaching the limit is enough.
    `of_backend`: the figure rests on what a backend told, so nothing is known while it can't be read. `counts`: the
    figure adds up over accounts, so that a part of it is a lower bound of the whole.
    """

    unit: Unit
    groups: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    default_groups: tuple[str, ...] = ()
    below: bool = False
    inclusive: bool = False
    of_backend: bool = True


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "running": Kind("sandboxes", BY_SANDBOX, one_of=("above", "above_pct_of_cap")),
        "burn": Kind("usd_per_hour", BY_SANDBOX, all_of=("usd_per_hour_above",)),
        "limit": Kind("pct", ("limit", "value", "account"), all_of=("limit", "at_pct"),
                      default_groups=("limit", "value", "account"), inclusive=True, of_backend=False),
        "orphans": Kind("sandboxes", BY_SANDBOX, all_of=("above",)),
        "usage": Kind("pct", BY_SANDBOX, one_of=("above", "below"), all_of=("metric",)),
        "deaths": Kind("sandboxes", BY_SANDBOX, all_of=("above", "window_seconds"), maybe=("reasons",)),
        "refused_starts": Kind("count", ("account",), default_groups=("account",), of_backend=False),
        "paused_older_than": Kind("seconds", BY_SANDBOX, all_of=("seconds",)),
        "max_life": Kind("seconds", BY_SANDBOX, all_of=("within_seconds",), maybe=("max_life_seconds",), below=True),
        "unreadable": Kind("seconds", ("account",), default_groups=("account",), of_backend=False),
        "webhook_silent": Kind("seconds", ("account",), default_groups=("account",)),
        "late": Kind("seconds", ("account",), all_of=("seconds",), default_groups=("account",)),
        "breaker": Kind("count", ("account", "policy"), default_groups=("policy", "account"), of_backend=False),
        "action_failed": Kind("count", ("account",), default_groups=("account",), of_backend=False),
        "came_back": Kind("count", ("account",), default_groups=("account",), of_backend=False),
        "channel_failed": Kind("count", ("channel",), default_groups=("channel",), of_backend=False),
        "disk_full": Kind("days", (), all_of=("within_days",), below=True, of_backend=False),
    }
)  # fmt: skip
# Every field that some kind takes.
FIELDS: Final = tuple(sorted({name for kind in KINDS.values() for name in (*kind.one_of, *kind.all_of, *kind.maybe)}))


def fields_of(kind: Kind) -> tuple[str, ...]:
    """All that it takes."""
    return (*kind.one_of, *kind.all_of, *kind.maybe)


def takes_group(kind: Kind, key: str) -> bool:
    """Whether figures of this kind can be told apart by `key`; `metadata.KEY` where any metadata is taken."""
    return (key in kind.groups and key != METADATA) or (
        key.startswith(METADATA) and len(key) > len(METADATA) and METADATA in kind.groups
    )
