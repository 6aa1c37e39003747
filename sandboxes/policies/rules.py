"""The conditions of a policy, one function each: it holds with its evidence, or it does not hold."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from msgspec import UNSET

from sandboxes.base.clock import BackendTime
from sandboxes.policies import lacks
from sandboxes.policies.facts import DuplicatePlace, Facts
from sandboxes.policies.spec import YOUNGEST_OVER_SECONDS, OrphanWhen
from sandboxes.policies.wording import clock, limit, limit_of, span

# Idle needs a sample at least this often over the whole window, or too little is known: E2B samples every 5 s.
LARGEST_GAP_SECONDS = 120.0
SMALLEST_GAP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that the judge asks: whether it held, and its evidence or what it lacked. `of` names a metadata key."""

    rule: str
    holds: bool
    evidence: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """A condition that held, and what shows it."""

    rule: str
    evidence: str


def weigh(when: OrphanWhen, facts: Facts, now: BackendTime) -> str | tuple[Reason, ...]:
    """The first condition of `when` that does not hold; when all that are given hold, each with its evidence."""
    held = []
    for name, rule, _ in _RULES:
        if getattr(when, name) is not UNSET:
            evidence = rule(when, facts, now)
            if evidence is None:
                return name
            held.append(Reason(name, evidence))
    return tuple(held)


def weigh_all(when: OrphanWhen, facts: Facts, now: BackendTime) -> Iterator[Asked]:
    """Every condition that `when` gives, in the order of `weigh`, with its evidence or what it lacks."""
    for name, rule, lack in _RULES:
        if getattr(when, name) is not UNSET:
            evidence = rule(when, facts, now)
            yield Asked(name, evidence is not None, lack(when, facts, now) if evidence is None else evidence)


def largest_gap(seconds: float) -> float:
    """The largest gap between samples, in seconds, that idleness over so many seconds forgives."""
    return min(LARGEST_GAP_SECONDS, max(SMALLEST_GAP_SECONDS, seconds / 4))


def duplicate_places(
    fleet: Iterable[Facts], keys: tuple[str, ...], going: Collection[str] = ()
) -> dict[str, DuplicatePlace]:
    """The place of each sandbox, by ID, among those of ONE account that carry every key with a non-empty value.

    `fleet` is all that is alive in the account, paused ones and those outside the policy's match too. The latest
    `started_at` is first; the ID decides between equals. Those `going`, by ID, are being killed: they come last, for
    nobody may be killed in favour of them.
    """
    groups: dict[tuple[str, ...], list[Facts]] = defaultdict(list)
    for facts in fleet:
        values = tuple(facts.metadata.get(key, "") for key in keys)
        if facts.state != "ended" and all(values):
            groups[values].append(facts)
    places = {}
    for group in groups.values():
        group.sort(key=lambda facts: (facts.sandbox_id not in going, facts.started_at, facts.sandbox_id), reverse=True)
        for rank, facts in enumerate(group, start=1):
            places[facts.sandbox_id] = DuplicatePlace(keys, rank, len(group))
    return places


def _longer(since: BackendTime | None, seconds: object, now: BackendTime) -> float | None:
    """How long ago `since` is when that is `seconds` at least."""
    if since is None or not isinstance(seconds, int | float):
        return None
    past = (now - since).total_seconds()
    return past if past >= seconds else None


def _older_than(when: OrphanWhen, facts: Facts, now: BackendTime) -> str | None:
    paused = facts.state == "paused"
    since = facts.created_at if paused else facts.started_at
    past = _longer(since, when.older_than_seconds, now)
    if past is None:
        return None
    verb = "created" if paused else "running for"
    ago = f"{span(past)} ago" if paused else span(past)
    return f"{verb} {ago}, since {clock(since)}; limit {limit_of(when.older_than_seconds)}"


def _no_lease(when: OrphanWhen, facts: Facts, now: BackendTime) -> str | None:
    if facts.lease is not None:
        return None
    ended = facts.last_lease_ended_at
    past = _longer(max(ended or facts.first_seen_at, facts.first_seen_at), when.no_lease_for_seconds, now)
    if past is None:
        return None
    what = f"its last lease ended {clock(ended)}" if ended else f"never leased, first seen {clock(facts.first_seen_at)}"
    return f"no lease for {span(past)}: {what}; limit {limit_of(when.no_lease_for_seconds)}"


def _idle(when: OrphanWhen, facts: Facts, now: BackendTime) -> str | None:
    cpu, below, seconds = facts.cpu, when.idle_cpu_below_pct, when.idle_for_seconds
    if facts.state != "running" or cpu is None or not isinstance(seconds, int) or not isinstance(below, int | float):
        return None
    covers = (cpu.until - cpu.since).total_seconds() >= seconds and facts.started_at <= cpu.since
    gap = largest_gap(seconds)
    if not covers or cpu.until > now or cpu.samples < 2 or cpu.largest_gap_seconds > gap or cpu.cpu_max_pct >= below:
        return None
    return (
        f"CPU at most {cpu.cpu_max_pct:.2f}% in {cpu.samples} samples over {limit(seconds)}; limit {below:g}%. "
        "Low CPU alone is no proof: a waiting agent also looks idle"
    )


def _missing_metadata(when: OrphanWhen, facts: Facts, _now: BackendTime) -> str | None:
    keys = when.missing_metadata if isinstance(when.missing_metadata, tuple) else ()
    known = facts.stored_keys
    missing = [key for key in keys if key not in facts.metadata and (known is None or key in known)]
    return f"metadata without {', '.join(missing)}" if missing else None


def _paused_for(when: OrphanWhen, facts: Facts, now: BackendTime) -> str | None:
    past = _longer(facts.paused_at, when.paused_for_seconds, now) if facts.state == "paused" else None
    if past is None or facts.paused_at is None:
        return None
    return f"paused for {span(past)}, since {clock(facts.paused_at)}; limit {limit_of(when.paused_for_seconds)}"


def _past_end(when: OrphanWhen, facts: Facts, now: BackendTime) -> str | None:
    past = _longer(facts.end_at, when.past_end_seconds, now) if facts.state == "running" else None
    if past is None or facts.end_at is None:
        return None
    return f"still running {span(past)} past its end, {clock(facts.end_at)}; limit {limit_of(when.past_end_seconds)}"


def _duplicate(when: OrphanWhen, facts: Facts, _now: BackendTime) -> str | None:
    keep, place = when.keep if isinstance(when.keep, int) else 1, facts.duplicate
    if place is None or place.keys != when.duplicate_of or place.rank <= keep:
        return None
    same = ", ".join(f"{key}={facts.metadata[key]}" for key in place.keys)
    return f"number {place.rank}, newest first, of {place.alive} live with {same}; {keep} kept"


def _over_limit(when: OrphanWhen, facts: Facts, now: BackendTime) -> str | None:
    place = facts.limit
    if facts.state != "running" or place is None or place.limit != when.over_limit or place.rank is None:
        return None
    if place.rank <= place.most or _longer(facts.started_at, YOUNGEST_OVER_SECONDS, now) is None:
        return None
    return f"number {place.rank}, oldest first, of {place.running} running for {place.value}; limit {place.most}"


_Rule = Callable[[OrphanWhen, Facts, BackendTime], str | None]
_Lacks = Callable[[OrphanWhen, Facts, BackendTime], str]
# Each with what says why it does not hold: asked for by pages alone, so that judging thousands pays nothing for it.
_RULES: tuple[tuple[str, _Rule, _Lacks], ...] = (
    ("older_than_seconds", _older_than, lacks.age),
    ("no_lease_for_seconds", _no_lease, lacks.no_lease),
    ("missing_metadata", _missing_metadata, lacks.missing_metadata),
    ("paused_for_seconds", _paused_for, lacks.paused),
    ("past_end_seconds", _past_end, lacks.past_end),
    ("duplicate_of", _duplicate, lacks.duplicate),
    ("over_limit", _over_limit, lacks.over_limit),
    ("idle_for_seconds", _idle, lacks.idle),  # last: the only one whose facts cost a look into history
)
