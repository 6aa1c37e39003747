"""What a condition lacks where it does not hold, in words: one function for each rule, in the terms of its evidence."""

from sandboxes.base.clock import BackendTime
from sandboxes.policies.facts import Facts
from sandboxes.policies.spec import YOUNGEST_OVER_SECONDS, OrphanWhen
from sandboxes.policies.wording import clock, limit_of, span


def age(when: OrphanWhen, facts: Facts, now: BackendTime) -> str:
    """Not old enough."""
    paused = facts.state == "paused"
    since = facts.created_at if paused else facts.started_at
    past = span(max(0.0, (now - since).total_seconds()))
    return f"{f'created {past} ago' if paused else f'running for {past}'}; limit {limit_of(when.older_than_seconds)}"


def no_lease(when: OrphanWhen, facts: Facts, now: BackendTime) -> str:
    """Leased now, or not long enough ago."""
    if facts.lease is not None:
        return f"leased as {facts.lease.key} until {clock(facts.lease.expires_at)}"
    since = max(facts.last_lease_ended_at or facts.first_seen_at, facts.first_seen_at)
    past = span(max(0.0, (now - since).total_seconds()))
    return f"no lease for {past}; limit {limit_of(when.no_lease_for_seconds)}"


def missing_metadata(when: OrphanWhen, facts: Facts, _now: BackendTime) -> str:
    """It has every key, or a key is not stored and may be there."""
    keys = when.missing_metadata if isinstance(when.missing_metadata, tuple) else ()
    unknown = [key for key in keys if key not in facts.metadata]
    if unknown:
        return f"not known: this account does not store the metadata key {', '.join(unknown)}"
    return f"metadata has {', '.join(keys)}"


def paused(when: OrphanWhen, facts: Facts, now: BackendTime) -> str:
    """Not paused, or not for long enough."""
    if facts.state != "paused" or facts.paused_at is None:
        return f"it is {facts.state}"
    past = span(max(0.0, (now - facts.paused_at).total_seconds()))
    return f"paused for {past}; limit {limit_of(when.paused_for_seconds)}"


def past_end(when: OrphanWhen, facts: Facts, now: BackendTime) -> str:
    """Not running, without an end, or not far enough past it."""
    if facts.state != "running":
        return f"it is {facts.state}"
    if facts.end_at is None:
        return "it has no timeout"
    past = (now - facts.end_at).total_seconds()
    if past < 0:
        return f"ends in {span(-past)}"
    return f"{span(past)} past its end; limit {limit_of(when.past_end_seconds)}"


def duplicate(when: OrphanWhen, facts: Facts, _now: BackendTime) -> str:
    """Nobody's duplicate, or among those that are kept."""
    keep, place = when.keep if isinstance(when.keep, int) else 1, facts.duplicate
    if place is None:
        return "not a duplicate"
    return f"number {place.rank}, newest first, of {place.alive} live; {keep} kept"


def over_limit(when: OrphanWhen, facts: Facts, _now: BackendTime) -> str:
    """Not running, not counted or not known, not too many, among the oldest, or too young."""
    place = facts.limit
    if facts.state != "running":
        return f"it is {facts.state}"
    if place is None or place.limit != when.over_limit:
        return f"the limit {when.over_limit} does not count it, or its figures are not fresh"
    if place.rank is None:
        return f"{place.running} running for {place.value}; limit {place.most}"
    if place.rank <= place.most:
        return f"number {place.rank}, oldest first, of {place.running} running for {place.value}; limit {place.most}"
    return f"its run is younger than {limit_of(YOUNGEST_OVER_SECONDS)}: it has that long to settle in"


def idle(when: OrphanWhen, facts: Facts, _now: BackendTime) -> str:
    """Not running, too little known, or busy."""
    if facts.state != "running":
        return f"it is {facts.state}"
    over, cpu, below = limit_of(when.idle_for_seconds), facts.cpu, when.idle_cpu_below_pct
    if cpu is None:
        return f"no CPU sample in {over}: too few samples count as busy"
    if isinstance(below, int | float) and cpu.cpu_max_pct >= below:
        return f"CPU up to {cpu.cpu_max_pct:.2f}% in {over}; limit {below:g}%"
    return f"{cpu.samples} CPU samples do not cover {over} of this run: too few samples count as busy"
