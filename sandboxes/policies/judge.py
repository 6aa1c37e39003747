"""The judgement of one policy on one sandbox: hit with its reasons, or spared by the first thing that spares it."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET
from msgspec.structs import replace

from sandboxes.policies.facts import Facts
from sandboxes.policies.rules import Reason, weigh
from sandboxes.policies.spec import Match, PolicySpec
from sandboxes.policies.wording import clock


@dataclass(frozen=True, slots=True)
class Judgement:
    """`hit` with `reasons`; or not, and then `spared_by` names the rule, `why` says it in words."""

    hit: bool
    reasons: tuple[Reason, ...] = ()
    spared_by: str | None = None
    why: str = ""


def judge(spec: PolicySpec, facts: Facts, now: datetime, *, assume_idle: bool = False) -> Judgement:
    """What `spec` says of a sandbox at `now` (aware, on the backend's clock).

    A live lease, a protection and metadata that keeps it spare it from every policy; they are named only where it would
    be hit without them. `assume_idle` takes idleness for granted: who gathers facts asks so whether the samples
    are worth reading.
    """
    outside = _outside(spec.match, facts)
    if outside is not None:
        return Judgement(False, spared_by=outside)
    when = replace(spec.orphan_when, idle_for_seconds=UNSET) if assume_idle else spec.orphan_when
    weighed = weigh(when, facts, now)
    if isinstance(weighed, str):
        return Judgement(False, spared_by=weighed)
    held = held_from_all(facts, now)
    if held is not None:
        return Judgement(False, spared_by=held.rule, why=held.evidence)
    return Judgement(True, reasons=weighed)


def judge_quarantine(facts: Facts, our_pause_at: datetime, now: datetime) -> Judgement:
    """Whether one that we paused as a quarantine may be killed: still in that pause, no lease, not protected."""
    if facts.state != "paused" or facts.started_at > our_pause_at:
        return Judgement(False, spared_by="quarantine", why="it has run again since our pause")
    held = held_from_all(facts, now)
    if held is not None:
        return Judgement(False, spared_by=held.rule, why=held.evidence)
    return Judgement(True, reasons=(Reason("quarantine_seconds", f"still in our pause of {clock(our_pause_at)}"),))


def held_from_all(facts: Facts, now: datetime) -> Reason | None:
    """What keeps it from every policy, if anything does."""
    protection, lease = facts.protection, facts.lease
    if protection is not None and (protection.until is None or protection.until > now):
        until = f" until {clock(protection.until)}" if protection.until else ""
        return Reason("protected", f"protected by {protection.by}{until}: {protection.reason or 'no reason given'}")
    for key, value in facts.keep:
        if facts.metadata.get(key, "").strip().casefold() == value:
            return Reason(f"metadata.{key}", f"its metadata says {key}={value}")
    if lease is not None:
        return Reason("lease", f"leased as {lease.key} until {clock(lease.expires_at)}")
    return None


def _outside(match: Match, facts: Facts) -> str | None:
    """The part of `match` that leaves the sandbox out."""
    if facts.state == "ended":
        return "ended"
    if match.accounts and facts.account not in match.accounts:
        return "match.accounts"
    if facts.state not in match.states:
        return "match.states"
    if match.templates and not {facts.template_id, facts.template_name} & set(match.templates):
        return "match.templates"
    if any(facts.metadata.get(key) != value for key, value in match.metadata.items()):
        return "match.metadata"
    return None
