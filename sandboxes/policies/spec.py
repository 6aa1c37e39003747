"""A policy as it is written down (REST, "A policy"), read strictly: what could mean more than was said is refused."""

from datetime import time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

TEN_YEARS_SECONDS = 10 * 366 * 86_400
YOUNGEST_OVER_SECONDS = 600  # nobody is over a limit whose run is younger

State = Literal["running", "paused"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Seconds = Annotated[int, Meta(ge=0, le=TEN_YEARS_SECONDS)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
_NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps none
Word = Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_NUL)]
Value = Annotated[str, Meta(max_length=1000, pattern=_NO_NUL)]
Keys = Annotated[tuple[Word, ...], Meta(min_length=1, max_length=50)]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
MIDNIGHT = "24:00"
UntilClock = Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class PolicyError(ValueError):
    """A policy that can't be taken; the message names the field and says what to do."""


class PolicyMatch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which sandboxes a policy looks at; empty accounts, templates (ID or name) and metadata mean any."""

    accounts: tuple[Word, ...] = ()
    states: tuple[State, ...] = ("running",)
    templates: tuple[Word, ...] = ()
    metadata: dict[Word, Value] = {}


class OrphanWhen(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The conditions; ALL that are given must hold. What is not given is UNSET, never null."""

    older_than_seconds: Seconds | UnsetType = UNSET
    no_lease_for_seconds: Seconds | UnsetType = UNSET
    idle_cpu_below_pct: Annotated[float, Meta(gt=0, le=100)] | UnsetType = UNSET
    idle_for_seconds: Annotated[int, Meta(ge=1, le=TEN_YEARS_SECONDS)] | UnsetType = UNSET
    missing_metadata: Keys | UnsetType = UNSET
    paused_for_seconds: Seconds | UnsetType = UNSET
    past_end_seconds: Seconds | UnsetType = UNSET
    duplicate_of: Keys | UnsetType = UNSET
    keep: Count | UnsetType = UNSET
    over_limit: Annotated[str, Meta(min_length=1, max_length=100, pattern=_NO_NUL)] | UnsetType = UNSET


class QuietHours(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Times in which nothing is done; `from` later than `to` runs past midnight, into the next day.

    `to` may be 24:00, the day's end: 00:00 to 24:00 is the whole day.
    """

    days: Annotated[tuple[Day, ...], Meta(min_length=1)]
    since: Clock = msgspec.field(name="from")
    until: UntilClock = msgspec.field(name="to")
    zone: Word = "UTC"

    def times(self) -> tuple[time, time]:
        """Both ends as times of day; the day's end is `time.max`."""
        until = time.max if self.until == MIDNIGHT else time.fromisoformat(self.until)
        return time.fromisoformat(self.since), until


class PolicySpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One policy. Meaning of each field: REST contract, "A policy"."""

    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=_NO_NUL)]
    orphan_when: OrphanWhen
    enabled: bool = False
    mode: Literal["dry_run", "enforce"] = "dry_run"
    match: PolicyMatch = msgspec.field(default_factory=PolicyMatch)
    action: Literal["kill", "pause", "notify"] = "notify"
    quarantine_seconds: Seconds | None = None
    grace_seconds: Seconds = 600
    max_per_run: Count = 50
    max_per_hour: Count = 200
    max_fleet_fraction: Annotated[float, Meta(ge=0, le=1)] = 0.1
    quiet_hours: tuple[QuietHours, ...] = ()


def parse(given: object) -> PolicySpec:
    """The policy that a decoded JSON object describes.

    Raises PolicyError for an unknown field, a wrong type or range, and for all that `_contradictions` names.
    """
    try:
        spec = msgspec.convert(given, PolicySpec, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise PolicyError(str(error).replace("`$.", "`")) from error
    for problem in _contradictions(spec):
        raise PolicyError(problem)
    return spec


def as_dict(spec: PolicySpec) -> dict[str, Any]:
    """The policy in the contract's form, as `parse` takes it; conditions that are not given are left out."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(spec))
    return plain


def _contradictions(spec: PolicySpec) -> list[str]:
    """Why the policy can't be meant as it is written: nothing given, half a pair, a condition that never holds."""
    when, states = spec.orphan_when, spec.match.states
    given = {name for name in when.__struct_fields__ if getattr(when, name) is not UNSET}
    found = []
    if spec.name != spec.name.strip():
        found.append("name begins or ends with a space")
    if not given:
        found.append("orphan_when is empty: give at least one condition, none would mean every sandbox")
    if not states:
        found.append("match.states is empty: name running, paused or both")
    if ("idle_cpu_below_pct" in given) != ("idle_for_seconds" in given):
        found.append("idle_cpu_below_pct and idle_for_seconds belong together: give both")
    if "keep" in given and "duplicate_of" not in given:
        found.append("keep belongs to duplicate_of: give the keys whose values make a duplicate")
    if "paused_for_seconds" in given and "paused" not in states:
        found.append('paused_for_seconds can never hold: add "paused" to match.states')
    if given & {"past_end_seconds", "idle_for_seconds"} and states and "running" not in states:
        found.append('past_end_seconds and idleness never hold for a paused sandbox: add "running" to match.states')
    if "paused_for_seconds" in given and given & {"past_end_seconds", "idle_for_seconds"}:
        found.append("paused_for_seconds never holds together with past_end_seconds or idleness: split the policy")
    if "over_limit" in given:
        found += _bad_over_limit(spec)
    if spec.quarantine_seconds is not None and spec.action == "notify":
        found.append('quarantine_seconds needs action "kill" or "pause": it pauses first and kills later')
    return found + [problem for hours in spec.quiet_hours for problem in bad_hours(hours)]


def _bad_over_limit(spec: PolicySpec) -> list[str]:
    found = []
    if spec.action == "kill":
        found.append('over_limit never kills: set action to "notify" or "pause"')
    if spec.quarantine_seconds is not None:
        found.append("over_limit never kills: leave quarantine_seconds out, it kills after the pause")
    if spec.match.states and "running" not in spec.match.states:
        found.append('over_limit counts what runs: add "running" to match.states')
    if spec.orphan_when.paused_for_seconds is not UNSET:
        found.append("over_limit never holds together with paused_for_seconds: split the policy")
    return found


def bad_hours(hours: QuietHours) -> list[str]:
    """Why these hours can't be meant as they are written."""
    found = []
    if hours.since == hours.until:
        found.append("quiet_hours: from and to are the same time; 00:00 to 24:00 is the whole day")
    try:
        ZoneInfo(hours.zone)
    except (KeyError, ValueError, OSError):
        found.append(f"quiet_hours: {hours.zone!r} is no time zone; write it as Europe/Berlin")
    return found
