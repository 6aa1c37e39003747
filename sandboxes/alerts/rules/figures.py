"""A figure of one group, and on which side of a rule's limit it lies. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from msgspec import UNSET, Struct

from sandboxes.alerts.rules.kinds import KINDS
from sandboxes.alerts.rules.spec import AlertRuleSpec, is_below, threshold_of

POINTS_UNDER: Final = 2.0  # of a percentage
SHARE_UNDER: Final = 0.05  # of any other figure


class Level(StrEnum):
    """Beyond the limit, between it and where it is over, clear of both, or not known."""

    OVER = "over"
    BETWEEN = "between"
    CLEAR = "clear"
    UNKNOWN = "unknown"


class Figure(Struct, frozen=True, kw_only=True):
    """What was measured of a group; `value` in the unit of the rule's kind.

    `partial`: some of what belongs to it can't be read, so that it is at least this, and for what fires below a limit
    at most. `count` of `of` sandboxes are beyond the limit; `accounts` are the keys of all that belong to it;
    `usd_per_hour` is what those beyond the limit cost; `told` is what the sentence names besides.
    """

    value: float
    partial: bool = False
    count: int = 0
    of: int = 0
    accounts: frozenset[int] = frozenset()
    usd_per_hour: float = 0.0
    told: Mapping[str, Any] = {}


def resolve_limit(spec: AlertRuleSpec) -> float:
    """The figure at which an alert of it is over: by default 2 points beside a percentage, 5 % beside any other."""
    if spec.resolve_at is not None:
        return spec.resolve_at
    limit, sign = threshold_of(spec) or 0.0, 1.0 if is_below(spec) else -1.0
    if KINDS[spec.kind].unit == "pct":
        return max(0.0, limit + sign * POINTS_UNDER)
    return limit * (1 + sign * SHARE_UNDER)


def level_of(spec: AlertRuleSpec, figure: Figure) -> Level:
    """On which side of the rule's limit the figure lies. Of a part only that it is beyond the limit is known."""
    if _is_over(spec, figure.value):
        return Level.OVER
    if figure.partial:
        return Level.UNKNOWN
    clear, value = resolve_limit(spec), figure.value
    return Level.CLEAR if (value >= clear if is_below(spec) else value <= clear) else Level.BETWEEN


def _is_over(spec: AlertRuleSpec, value: float) -> bool:
    limit = threshold_of(spec) or 0.0
    if is_below(spec):
        return value < limit
    return value >= limit if KINDS[spec.kind].inclusive or spec.above_pct_of_cap is not UNSET else value > limit
