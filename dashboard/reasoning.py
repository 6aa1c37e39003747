"""One policy on one sandbox, rule by rule: what was measured, its limit, and whether it holds. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from msgspec import UNSET

from dashboard import words
from sandboxes.policies import Facts, OrphanWhen, PolicyMatch, PolicySpec, judge
from sandboxes.policies.wording import limit

ANY: Final = PolicyMatch(states=("running", "paused"))
TOGETHER: Final = {"idle_for_seconds": ("idle_cpu_below_pct",), "duplicate_of": ("keep",)}


@dataclass(frozen=True)
class Rule:
    """`before` `measured` `after` is the sentence, its middle part bold; `note` tells limit, samples, who."""

    before: str
    measured: str
    after: str
    note: str
    holds: bool


def rules(spec: PolicySpec, facts: Facts, now: datetime) -> list[Rule]:
    """Every condition that `spec` gives, then whom it looks at, then what would keep the sandbox from all policies."""
    return [*_conditions(spec, facts, now), *_match(spec, facts), *_held_from(spec, facts)]


def _conditions(spec: PolicySpec, facts: Facts, now: datetime) -> Iterator[Rule]:
    measures = {
        "no_lease_for_seconds": _lease, "idle_for_seconds": _idle, "older_than_seconds": _age,
        "missing_metadata": _missing, "paused_for_seconds": _paused, "past_end_seconds": _past_end,
        "duplicate_of": _duplicate,
    }  # fmt: skip
    for name, measure in measures.items():
        if getattr(spec.orphan_when, name) is not UNSET:
            before, measured, after, note = measure(spec, facts, now)
            yield Rule(before, measured, after, note, _holds(name, spec, facts, now))


def _holds(name: str, spec: PolicySpec, facts: Facts, now: datetime) -> bool:
    """This condition alone, by the judge that decides for the policy too."""
    parts = {part: getattr(spec.orphan_when, part) for part in (name, *TOGETHER.get(name, ()))}
    alone = PolicySpec(name=spec.name, match=ANY, orphan_when=OrphanWhen(**parts))
    if name != "no_lease_for_seconds":
        facts = replace(facts, lease=None)
    return judge(alone, replace(facts, protection=None, keep=()), now).hit


Told = tuple[str, str, str, str]


def _since(moment: datetime, now: datetime) -> str:
    return words.exact_span((now - moment).total_seconds())


def _limit(seconds: object) -> str:
    return f"limit {limit(seconds)}" if isinstance(seconds, int) else ""


def _age(spec: PolicySpec, facts: Facts, now: datetime) -> Told:
    note = _limit(spec.orphan_when.older_than_seconds)
    if facts.state == "paused":
        return "Created", _since(facts.created_at, now), "ago", note
    return "Running for", _since(facts.started_at, now), "", note


def _lease(spec: PolicySpec, facts: Facts, now: datetime) -> Told:
    note, ended = _limit(spec.orphan_when.no_lease_for_seconds), facts.last_lease_ended_at
    if facts.lease is not None:
        return "Leased as", facts.lease.key, "", f"until {facts.lease.expires_at:%H:%M:%S}; {note}"
    since = max(ended or facts.first_seen_at, facts.first_seen_at)
    last = f"the last ended {ended:%H:%M:%S}" if ended else "never leased"
    return "No lease for", _since(since, now), "", f"{note}; {last}"


def _idle(spec: PolicySpec, facts: Facts, _now: datetime) -> Told:
    seconds, below, cpu = spec.orphan_when.idle_for_seconds, spec.orphan_when.idle_cpu_below_pct, facts.cpu
    over = limit(seconds) if isinstance(seconds, int) else ""
    note = f"limit {below:g} %" if isinstance(below, int | float) else ""
    if cpu is None or facts.state != "running":
        return "No CPU sample in", over, "", f"{note}; too little known counts as busy"
    samples = f"{words.plural(cpu.samples, 'sample')}, longest gap {words.span(cpu.largest_gap_seconds)}"
    return "CPU at most", words.percent(cpu.cpu_max_pct), f"for {over}", f"{note}; {samples}"


def _missing(spec: PolicySpec, facts: Facts, _now: datetime) -> Told:
    keys = spec.orphan_when.missing_metadata
    wanted = keys if isinstance(keys, tuple) else ()
    missing = [key for key in wanted if key not in facts.metadata]
    note = f"asked for: {', '.join(wanted)}"
    return ("Metadata without", ", ".join(missing), "", note) if missing else ("Metadata has", "all keys", "", note)


def _paused(spec: PolicySpec, facts: Facts, now: datetime) -> Told:
    note = _limit(spec.orphan_when.paused_for_seconds)
    if facts.state != "paused" or facts.paused_at is None:
        return "It is", facts.state, "", note
    return "Paused for", _since(facts.paused_at, now), "", note


def _past_end(spec: PolicySpec, facts: Facts, now: datetime) -> Told:
    note = _limit(spec.orphan_when.past_end_seconds)
    if facts.state == "paused":
        return "It is", "paused", "", f"{note}; a paused one has no end"
    if facts.end_at is None:
        return "It has", "no end", "", note
    past = (now - facts.end_at).total_seconds()
    if past < 0:
        return "Ends in", words.exact_span(-past), "", note
    return "Past its end by", words.exact_span(past), "", f"{note}; it was {facts.end_at:%H:%M:%S}"


def _duplicate(spec: PolicySpec, facts: Facts, _now: datetime) -> Told:
    keys, keep, place = spec.orphan_when.duplicate_of, spec.orphan_when.keep, facts.duplicate
    same = ", ".join(keys) if isinstance(keys, tuple) else ""
    note = f"kept: {keep if isinstance(keep, int) else 1}, the newest; same {same}"
    if place is None:
        return "It is", "nobody’s duplicate", "", note
    return "Number", f"{place.rank} of {place.alive}", "alike", note


def _match(spec: PolicySpec, facts: Facts) -> Iterator[Rule]:
    """Whom the policy looks at: only what it narrows is told."""
    match = spec.match
    if match.accounts:
        yield Rule("Account is", facts.account, "", _either(match.accounts), facts.account in match.accounts)
    # The usual "running" of a running one says nothing.
    if facts.state not in match.states or len(match.states) > 1:
        yield Rule("It is", facts.state, "", _either(match.states), facts.state in match.states)
    if match.templates:
        known = {facts.template_id, facts.template_name} & set(match.templates)
        name = facts.template_name or facts.template_id
        yield Rule("Template is", name, "", _either(match.templates), bool(known))
    for key, value in match.metadata.items():
        found = facts.metadata.get(key)
        yield Rule(f"{key} is", found if found is not None else "not set", "", _either((value,)), found == value)


def _either(values: tuple[str, ...]) -> str:
    return f"wanted: {' or '.join(values)}"


def _held_from(spec: PolicySpec, facts: Facts) -> Iterator[Rule]:
    """What keeps it from every policy; a lease is told here where no condition tells it."""
    if facts.lease is not None and spec.orphan_when.no_lease_for_seconds is UNSET:
        until = f"until {facts.lease.expires_at:%H:%M:%S}; a lease spares from all policies"
        yield Rule("Leased as", facts.lease.key, "", until, holds=False)
    if facts.metadata.get("keep", "").strip().casefold() == "true":
        yield Rule("Its metadata says", "keep", "", "that spares from all policies", holds=False)
    if facts.protection is not None:
        yield Rule("Protected by", facts.protection.by, "", facts.protection.reason or "no reason given", holds=False)
    else:
        yield Rule("Not protected", "", "", "", holds=True)
