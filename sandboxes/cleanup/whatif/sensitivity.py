"""Other limits worth a look: the same policy with one number halved, doubled, and in between. Pure."""

from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from sandboxes.policies import PolicyError, PolicySpec
from sandboxes.policies.spec import TEN_YEARS_SECONDS

FIELDS: Final = (
    "no_lease_for_seconds", "idle_for_seconds", "idle_cpu_below_pct", "older_than_seconds", "paused_for_seconds",
    "past_end_seconds", "keep", "grace_seconds",
)  # fmt: skip
_FACTORS: Final = (0.5, 0.75, 1.0, 1.5, 2.0)
_FROM_NOTHING: Final = (0, 60, 300, 900, 3600)


def number_that_matters(spec: PolicySpec) -> str | None:
    """The limit a person would turn first; None when the policy has no number but its grace."""
    return next((name for name in FIELDS[:-1] if _value(spec, name) is not None), None)


def variants(spec: PolicySpec, field: str) -> list[tuple[float, PolicySpec]]:
    """Values of `field` in order, its own among them, each with the policy that has it.

    Raises PolicyError when the policy does not give that field a number.
    """
    value = _value(spec, field)
    if value is None:
        given = [name for name in FIELDS if _value(spec, name) is not None]
        raise PolicyError(f"sweep: the policy gives {field!r} no number; it can be one of {', '.join(given)}")
    return [(one, _with(spec, field, one)) for one in sorted({value, *_others(field, value)})]


def _others(field: str, value: float) -> set[float]:
    if field == "keep":
        return {max(1, value - 1), value + 1, value + 2, value + 4}
    if field == "idle_cpu_below_pct":
        return {min(100.0, round(value * factor, 2)) for factor in _FACTORS} - {0.0}
    if value == 0:
        return set(_FROM_NOTHING)
    return {min(TEN_YEARS_SECONDS, _round(value * factor)) for factor in _FACTORS if _round(value * factor) > 0}


def _round(seconds: float) -> int:
    """Whole minutes where there are several: 450 s is 8 min."""
    return round(seconds / 60) * 60 if seconds >= 300 else round(seconds)


def _value(spec: PolicySpec, field: str) -> float | None:
    value: Any = spec.grace_seconds if field == "grace_seconds" else getattr(spec.orphan_when, field, UNSET)
    if field == "keep" and value is UNSET and spec.orphan_when.duplicate_of is not UNSET:
        return 1
    return value if field in FIELDS and value is not UNSET else None


def _with(spec: PolicySpec, field: str, value: float) -> PolicySpec:
    if field == "grace_seconds":
        return replace(spec, grace_seconds=int(value))
    return replace(spec, orphan_when=replace(spec.orphan_when, **{field: value}))
