"""A limit as it is written down (REST, "Limits"), read strictly: what could mean two things is refused. Pure."""

from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from sandboxes.cost.question import GROUPS, METADATA

ANY: Final = "*"
MOST_USD: Final = Decimal(10_000_000)
LEAST_USD: Final = Decimal("0.000001")
LONGEST_VALUE: Final = 400
LEAST_ONE: Final = "give at least one of max_running, usd_per_day and usd_per_month"
_NO_NUL: Final = r"^[^\x00]*$"  # PostgreSQL keeps none
_Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=_NO_NUL)]
_Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_NUL)]
_Value = Annotated[str, Meta(min_length=1, max_length=LONGEST_VALUE, pattern=_NO_NUL)]
_Count = Annotated[int, Meta(ge=1, le=1_000_000)]
_Usd = Annotated[Decimal, Meta(extra_json_schema={"type": "number", "exclusiveMinimum": 0})]


class LimitError(ValueError):
    """A limit that can't be taken; the message names the field and says what to do."""


class LimitSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One limit. `accounts` are names: none counts each account apart, those that are named count together.

    `value` is one value of `key`, or `*` for each that no other limit names. Money is USD a UTC day or month.
    """

    name: _Name
    key: Annotated[str, Meta(min_length=1, max_length=210, pattern=_NO_NUL)]
    value: _Value
    accounts: tuple[_Text, ...] = ()
    max_running: _Count | None = None
    usd_per_day: _Usd | None = None
    usd_per_month: _Usd | None = None
    warn_at_pct: Annotated[int, Meta(ge=1, le=100)] = 80


def parse(given: object) -> LimitSpec:
    """The limit that a decoded JSON object describes.

    Raises LimitError for an unknown field, a wrong type or range, and for all that `_problems` names.
    """
    try:
        spec = msgspec.convert(given, LimitSpec, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise LimitError(str(error).replace("`$.", "`")) from error
    for problem in _problems(spec):
        raise LimitError(problem)
    return spec


def as_dict(spec: LimitSpec) -> dict[str, Any]:
    """The limit in the contract's form, as `parse` takes it."""
    return msgspec.structs.asdict(spec)


def _problems(spec: LimitSpec) -> list[str]:
    found = []
    if spec.name != spec.name.strip():
        found.append("name begins or ends with a space")
    if "/" in spec.name or spec.name in {"status", ".", ".."}:
        found.append(f"name can't be {spec.name!r}: its address would be another one")
    if spec.key not in GROUPS and (not spec.key.startswith(METADATA) or spec.key == METADATA):
        found.append(f"key must be one of {', '.join(GROUPS)}, or {METADATA}KEY")
    if len(set(spec.accounts)) != len(spec.accounts):
        found.append("accounts names one of them twice")
    if all(most is None for most in (spec.max_running, spec.usd_per_day, spec.usd_per_month)):
        found.append(LEAST_ONE)
    for name in ("usd_per_day", "usd_per_month"):
        found += _bad_money(name, getattr(spec, name))
    return found


def _bad_money(name: str, usd: Decimal | None) -> list[str]:
    if usd is None:
        return []
    if not usd.is_finite() or not LEAST_USD <= usd <= MOST_USD:
        return [f"{name} must lie between {LEAST_USD:f} and {MOST_USD:,}"]
    return [f"{name} has more than six decimals"] if usd != round(usd, 6) else []
