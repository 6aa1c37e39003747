"""One policy on one sandbox, rule by rule: what was measured, its limit, and whether it holds. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import UNSET

from dashboard.ui import formats
from dashboard.ui.translation import gettext as _
from dashboard.ui.translation import ngettext
from sandboxes.base.clock import BackendTime
from sandboxes.policies import Asked, Facts, PolicySpec
from sandboxes.policies.spec import YOUNGEST_OVER_SECONDS
from sandboxes.policies.wording import limit


@dataclass(frozen=True)
class Rule:
    """`before` `measured` `after` is the sentence, its middle part bold; `note` tells limit, samples, who.

    What moves with time has the `moment` it is counted from or to: the page keeps `measured` up to date by its `form`.
    """

    before: str
    measured: str
    after: str
    note: str
    holds: bool
    moment: datetime | None = None
    form: str = ""


def rules(spec: PolicySpec, facts: Facts, now: BackendTime, asked: Sequence[Asked]) -> list[Rule]:
    """What the judge asked (`explain`), in words: every condition, whom the policy looks at, then what keeps it.

    Whether a rule holds is the judge's word alone; what goes without saying is left out.
    """
    conditions = [_condition(one, spec, facts, now) for one in asked if one.rule in MEASURES]
    match = [rule for one in asked if (rule := _match(one, spec, facts))]
    kept = [rule for one in reversed(asked) if (rule := _held_from(one, spec, facts))]
    return [*conditions, *match, *kept]


def spared_by(spec: PolicySpec, facts: Facts, now: BackendTime, asked: Sequence[Asked]) -> Rule | None:
    """The first rule that does not hold, when it is one that moves with time: the page keeps it up to date."""
    first = next((one for one in asked if not one.holds), None)
    rule = _condition(first, spec, facts, now) if first and first.rule in MEASURES else None
    return rule if rule and rule.moment else None


def _condition(asked: Asked, spec: PolicySpec, facts: Facts, now: BackendTime) -> Rule:
    told = MEASURES[asked.rule](spec, facts, now)
    return Rule(told.before, told.measured, told.after, told.note, asked.holds, told.moment, told.form)


class Told(NamedTuple):
    """What was measured, as `Rule` says it."""

    before: str
    measured: str
    after: str
    note: str
    moment: datetime | None = None
    form: str = ""


def _since(before: str, moment: BackendTime, now: BackendTime, note: str, after: str = "") -> Told:
    """A length that grows: `Running for 55 min 00 s`."""
    return Told(before, formats.exact_span((now - moment).total_seconds()), after, note, moment, "since")


def _limit(seconds: object) -> str:
    return _("limit %(seconds)s") % {"seconds": limit(seconds)} if isinstance(seconds, int) else ""


def _age(spec: PolicySpec, facts: Facts, now: BackendTime) -> Told:
    note = _limit(spec.orphan_when.older_than_seconds)
    if facts.state == "paused":
        return _since(_("Created"), facts.created_at, now, note, _("ago"))
    return _since(_("Running for"), facts.started_at, now, note)


def _lease(spec: PolicySpec, facts: Facts, now: BackendTime) -> Told:
    note, ended = _limit(spec.orphan_when.no_lease_for_seconds), facts.last_lease_ended_at
    if facts.lease is not None:
        until = _("until %(expires_at)s; %(note)s")
        return Told(
            _("Leased as"),
            facts.lease.key,
            "",
            until % {"expires_at": f"{facts.lease.expires_at:%H:%M:%S}", "note": note},
        )
    since = max(ended or facts.first_seen_at, facts.first_seen_at)
    last = _("the last ended %(ended)s") % {"ended": f"{ended:%H:%M:%S}"} if ended else _("never leased")
    return _since(_("No lease for"), since, now, f"{note}; {last}")


def _idle(spec: PolicySpec, facts: Facts, _now: BackendTime) -> Told:
    seconds, below, cpu = spec.orphan_when.idle_for_seconds, spec.orphan_when.idle_cpu_below_pct, facts.cpu
    over = limit(seconds) if isinstance(seconds, int) else ""
    note = _("limit %(below)s%%") % {"below": f"{below:g}"} if isinstance(below, int | float) else ""
    if cpu is None or facts.state != "running":
        return Told(_("No CPU sample in"), over, "", _("%(note)s; too few samples count as busy") % {"note": note})
    samples = _("%(counted)s, longest gap %(span)s") % {
        "counted": ngettext("%(n)s sample", "%(n)s samples", cpu.samples) % {"n": f"{cpu.samples:,}"},
        "span": formats.span(cpu.largest_gap_seconds),
    }
    peak = formats.percent(cpu.cpu_max_pct)
    return Told(_("CPU at most"), peak, _("for %(over)s") % {"over": over}, f"{note}; {samples}")


def _missing(spec: PolicySpec, facts: Facts, _now: BackendTime) -> Told:
    keys = spec.orphan_when.missing_metadata
    wanted = keys if isinstance(keys, tuple) else ()
    missing = [key for key in wanted if key not in facts.metadata]
    note = _("required keys: %(names)s") % {"names": ", ".join(wanted)}
    if missing:
        return Told(_("Metadata without"), ", ".join(missing), "", note)
    return Told(_("Metadata has"), _("all keys"), "", note)


def _paused(spec: PolicySpec, facts: Facts, now: BackendTime) -> Told:
    note = _limit(spec.orphan_when.paused_for_seconds)
    if facts.state != "paused" or facts.paused_at is None:
        return Told(_("It is"), facts.state, "", note)
    return _since(_("Paused for"), facts.paused_at, now, note)


def _past_end(spec: PolicySpec, facts: Facts, now: BackendTime) -> Told:
    note = _limit(spec.orphan_when.past_end_seconds)
    if facts.state == "paused":
        return Told(_("It is"), _("paused"), "", _("%(note)s; a paused sandbox has no timeout") % {"note": note})
    if facts.end_at is None:
        return Told(_("It has"), _("no timeout"), "", note)
    past = (now - facts.end_at).total_seconds()
    if past < 0:
        return Told(_("Ends in"), formats.exact_span(-past), "", note, facts.end_at, "left")
    was = _("%(note)s; it was %(end_at)s") % {"note": note, "end_at": f"{facts.end_at:%H:%M:%S}"}
    return _since(_("Past its end by"), facts.end_at, now, was)


def _duplicate(spec: PolicySpec, facts: Facts, _now: BackendTime) -> Told:
    keys, keep, place = spec.orphan_when.duplicate_of, spec.orphan_when.keep, facts.duplicate
    same = ", ".join(keys) if isinstance(keys, tuple) else ""
    note = _("kept: %(keep)s, the newest; same %(same)s") % {
        "keep": keep if isinstance(keep, int) else 1,
        "same": same,
    }
    if place is None:
        return Told(_("It is"), _("not a duplicate"), "", note)
    rank = _("%(rank)s of %(alive)s") % {"rank": place.rank, "alive": place.alive}
    return Told(_("Number"), rank, _("duplicates"), note)


def _over_limit(spec: PolicySpec, facts: Facts, _now: BackendTime) -> Told:
    name, place = spec.orphan_when.over_limit, facts.limit
    if place is None:
        return Told(_("Not counted by the limit"), str(name), "", _("or its figures are older than a minute"))
    most = _("limit %(name)s: %(most)s") % {"name": place.limit, "most": f"{place.most:,}"}
    if place.rank is None:
        return Told(f"{place.value}:", f"{place.running:,}", _("running"), most)
    rank = _("%(rank)s of %(running)s") % {"rank": f"{place.rank:,}", "running": f"{place.running:,}"}
    young = _("the newest beyond it, once their run is %(span)s old") % {"span": limit(YOUNGEST_OVER_SECONDS)}
    return Told(_("Number"), rank, _("running for %(value)s") % {"value": place.value}, f"{most}; {young}")


def _match(asked: Asked, spec: PolicySpec, facts: Facts) -> Rule | None:
    """Whom the policy looks at: only what it narrows is shown."""
    match, rule = spec.match, asked.rule
    if rule == "match.accounts":
        return Rule(_("Account is"), facts.account, "", _either(match.accounts), asked.holds)
    # The usual "running" of a running one says nothing.
    if rule == "match.states" and (not asked.holds or len(match.states) > 1):
        return Rule(_("It is"), facts.state, "", _either(match.states), asked.holds)
    if rule == "match.templates":
        name = facts.template_name or facts.template_id
        return Rule(_("Template is"), name, "", _either(match.templates), asked.holds)
    if rule == "match.metadata":
        found = facts.metadata.get(asked.of, _("not set"))
        return Rule(_("%(of)s is") % {"of": asked.of}, found, "", _either((match.metadata[asked.of],)), asked.holds)
    return None


def _either(values: tuple[str, ...]) -> str:
    return _("must be %(names)s") % {"names": _(" or ").join(values)}


def _held_from(asked: Asked, spec: PolicySpec, facts: Facts) -> Rule | None:
    """What keeps it from every policy; a lease is shown here where no condition shows it."""
    if asked.rule == "lease" and not asked.holds and spec.orphan_when.no_lease_for_seconds is UNSET and facts.lease:
        until = _("until %(expires_at)s; a lease excludes it from all policies") % {
            "expires_at": f"{facts.lease.expires_at:%H:%M:%S}"
        }
        return Rule(_("Leased as"), facts.lease.key, "", until, holds=False)
    if asked.rule.startswith("metadata.") and not asked.holds:
        said = f"{asked.of}={facts.metadata.get(asked.of, '')}"
        return Rule(_("Metadata has"), said, "", _("excluded from all policies"), holds=False)
    if asked.rule == "protected" and asked.holds:
        return Rule(_("Not protected"), "", "", "", holds=True)
    if asked.rule == "protected" and facts.protection is not None:
        return Rule(
            _("Protected by"), facts.protection.by, "", facts.protection.reason or _("no reason given"), holds=False
        )
    return None


Measure = Callable[[PolicySpec, Facts, BackendTime], Told]
MEASURES: Final[Mapping[str, Measure]] = {
    "no_lease_for_seconds": _lease, "idle_for_seconds": _idle, "older_than_seconds": _age,
    "missing_metadata": _missing, "paused_for_seconds": _paused, "past_end_seconds": _past_end,
    "duplicate_of": _duplicate, "over_limit": _over_limit,
}  # fmt: skip
