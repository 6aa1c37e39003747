"""Which measure answers which kind of rule."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import UNSET

from sandboxes.alerts.look import Look
from sandboxes.alerts.measures import accounts, fleet, limits, ours
from sandboxes.alerts.measures.shapes import Measured
from sandboxes.alerts.rules import AlertRuleSpec

__all__ = ["Measured", "examples_of", "measure"]
_OTHERS: Final[Mapping[str, Callable[[AlertRuleSpec, Look], list[Measured]]]] = {
    "unreadable": accounts.unreadable, "late": accounts.late, "webhook_silent": accounts.webhook_silent,
    "breaker": accounts.tripped, "action_failed": accounts.acts, "came_back": accounts.acts,
    "refused_starts": accounts.acts, "disk_full": ours.disk_full,
    "channel_failed": ours.channel_failed, "limit": limits.used,
}  # fmt: skip


def measure(spec: AlertRuleSpec, look: Look) -> list[Measured]:
    """The figures of a rule's groups, as far as they are not clear of its limit. Raises database errors."""
    return _OTHERS.get(spec.kind, fleet.by_group)(spec, look)


def examples_of(spec: AlertRuleSpec, look: Look, measured: Measured) -> list[str]:
    """IDs of ten sandboxes beyond the limit at most."""
    if measured.examples is not None:
        return list(measured.examples)
    if spec.above_pct_of_cap is not UNSET:
        return []
    return fleet.examples(spec, look, measured.group)
