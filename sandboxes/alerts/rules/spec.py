"""A rule as it is written down (REST, "Alerts"), read strictly: what could mean more than was said is refused. Pure."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from sandboxes.alerts.rules.kinds import FIELDS, KINDS, fields_of, takes_group
from sandboxes.policies.spec import Count, QuietHours, Word, bad_hours

DAY_SECONDS = 86_400
_LIMITS = (
    "above", "above_pct_of_cap", "below", "usd_per_hour_above", "at_pct", "seconds", "within_seconds", "within_days",
)  # fmt: skip
Seconds = Annotated[int, Meta(ge=1, le=366 * DAY_SECONDS)]
Percentage = Annotated[float, Meta(gt=0, le=1000)]
KindName = Literal[
    "running", "burn", "limit", "orphans", "usage", "deaths", "refused_starts", "paused_older_than", "max_life",
    "unreadable", "webhook_silent", "late", "breaker", "action_failed", "came_back", "channel_failed", "disk_full",
]  # fmt: skip
_REASONS = Annotated[tuple[Word, ...], Meta(max_length=50)]
_Names = Annotated[tuple[Word, ...], Meta(max_length=1000)]


class RuleError(ValueError):
    """A rule that can't be taken; the message names the field and says what to do."""


class AlertRuleSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=False):
    """One rule. What a kind does not take is UNSET, never null.

    `for_seconds`: how long its figure is beyond the limit before it fires; `resolve_at`: the figure at which it is
    over, null for a little on this side of the limit. `group_by`: one alert for each value of these; `accounts`: empty
    for all. `channels`: whom it tells, `route_by` chooses further ones by the group's value; neither: the default.
    """

    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
    kind: KindName
    enabled: bool = True
    for_seconds: Annotated[int, Meta(ge=0, le=7 * DAY_SECONDS)] = 60
    resolve_at: float | None = None
    severity: Literal["info", "warning", "critical"] = "warning"
    group_by: Annotated[tuple[Word, ...], Meta(max_length=4)] = ()
    accounts: _Names = ()
    channels: _Names = ()
    route_by: Word | None = None
    repeat_seconds: Annotated[int, Meta(ge=300, le=30 * DAY_SECONDS)] = 14_400
    quiet_hours: tuple[QuietHours, ...] = ()

    above: Annotated[float, Meta(ge=0, le=1e12)] | UnsetType = UNSET
    above_pct_of_cap: Percentage | UnsetType = UNSET
    below: Annotated[float, Meta(ge=0, le=1e12)] | UnsetType = UNSET
    usd_per_hour_above: Annotated[float, Meta(ge=0, le=1e9)] | UnsetType = UNSET
    limit: Word | UnsetType = UNSET
    at_pct: Percentage | UnsetType = UNSET
    metric: Literal["cpu_pct", "mem_pct", "disk_pct"] | UnsetType = UNSET
    reasons: _REASONS | UnsetType = UNSET
    window_seconds: Annotated[int, Meta(ge=10, le=7 * DAY_SECONDS)] | UnsetType = UNSET
    seconds: Seconds | UnsetType = UNSET
    within_seconds: Seconds | UnsetType = UNSET
    max_life_seconds: Seconds | UnsetType = UNSET
    within_days: Count | UnsetType = UNSET


def parse(given: object) -> AlertRuleSpec:
    """The rule that a decoded JSON object describes.

    Raises RuleError for an unknown field, a wrong type or range, and for what its kind lacks or does not take.
    """
    try:
        spec = msgspec.convert(given, AlertRuleSpec, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise RuleError(str(error).replace("`$.", "`")) from error
    for problem in _contradictions(spec):
        raise RuleError(problem)
    return spec


def as_dict(spec: AlertRuleSpec) -> dict[str, Any]:
    """The rule in the contract's form, as `parse` takes it; fields that its kind does not take are left out."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(spec))
    return plain


def groups_of(spec: AlertRuleSpec) -> tuple[str, ...]:
    """What its alerts are told apart by."""
    return spec.group_by or KINDS[spec.kind].default_groups


def threshold_of(spec: AlertRuleSpec) -> float | None:
    """Its limit, in the unit of its kind; None where anything at all is too much."""
    for name in _LIMITS:
        if (limit := getattr(spec, name)) is not UNSET:
            return float(limit)
    return None


def is_below(spec: AlertRuleSpec) -> bool:
    """Whether it fires under its limit."""
    return KINDS[spec.kind].below or spec.below is not UNSET


def _contradictions(spec: AlertRuleSpec) -> list[str]:
    """Why the rule can't be meant as it is written."""
    kind, name = KINDS[spec.kind], spec.kind
    given = {field for field in FIELDS if getattr(spec, field) is not UNSET}
    found = []
    if spec.name != spec.name.strip():
        found.append("name begins or ends with a space")
    if strange := sorted(given.difference(fields_of(kind))):
        takes = ", ".join(fields_of(kind)) or "no field of its own"
        found.append(f"{strange[0]}: a rule of kind {name} takes {takes}")
    found += [f"{field} is missing: a rule of kind {name} needs it" for field in kind.all_of if field not in given]
    if kind.one_of and len(given.intersection(kind.one_of)) != 1:
        found.append(f"a rule of kind {name} needs exactly one of {' and '.join(kind.one_of)}")
    if spec.reasons is not UNSET and not spec.reasons:
        found.append("reasons is empty: leave it out for any reason, or name some")
    return found + _bad_groups(spec) + _bad_ends(spec) + [x for hours in spec.quiet_hours for x in bad_hours(hours)]


def _bad_groups(spec: AlertRuleSpec) -> list[str]:
    kind = KINDS[spec.kind]
    takes = ", ".join(f"{key}KEY" if key.endswith(".") else key for key in kind.groups) or "nothing"
    found = [
        f"group_by: {key!r}: a rule of kind {spec.kind} can be grouped by {takes}"
        for key in spec.group_by if not takes_group(kind, key)
    ]  # fmt: skip
    if len(set(spec.group_by)) != len(spec.group_by):
        found.append("group_by names one key twice")
    if spec.above_pct_of_cap is not UNSET and set(spec.group_by) - {"account"}:
        found.append("group_by: a share of the cap is of an account: group by account, or by nothing")
    if spec.route_by is not None and spec.route_by not in groups_of(spec):
        found.append(f"route_by: {spec.route_by!r} is none of the keys that the rule is grouped by: add it to group_by")
    return found


def _bad_ends(spec: AlertRuleSpec) -> list[str]:
    """`resolve_at` on the wrong side of the limit would fire and resolve at once, over and over."""
    if spec.resolve_at is None:
        return []
    limit = threshold_of(spec)
    if limit is None:
        return ["resolve_at: a rule of this kind has no limit of its own: leave it out"]
    if spec.resolve_at < 0 or (spec.resolve_at < limit if is_below(spec) else spec.resolve_at > limit):
        side = "at or above" if is_below(spec) else "at or below"
        return [f"resolve_at must lie {side} the limit of {limit:g}, and not below 0"]
    return []
