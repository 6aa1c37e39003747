"""The judgement of one policy on one sandbox: hit with its reasons, or spared by the first thing that spares it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import UNSET
from msgspec.structs import replace

from sandboxes.policies.facts import Facts
from sandboxes.policies.rules import Reason, weigh
from sandboxes.policies.spec import PolicyMatch, PolicySpec
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


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """Something after our pause that only a living owner does, and when."""

    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OurPause:
    """A pause that began a quarantine: when it was sent and answered, and the signs of life found beside the facts."""

    sent_at: datetime
    answered_at: datetime
    signs: tuple[SignOfLife, ...] = ()


# A pause is reported by its own event, by a list and by GET, each with a time of its own.
SAME_PAUSE = timedelta(seconds=5)


def judge_quarantine(facts: Facts, pause: OurPause, now: datetime) -> Judgement:
    """Whether one that we paused as a quarantine may be killed: still in that pause, no lease, not protected.

    Any sign of life after our pause ends the quarantine, also where the backend's `startedAt` never moves.
    """
    if facts.state != "paused":
        return Judgement(False, spared_by="quarantine", why=f"it is {facts.state}, no longer in our pause")
    sign = min(_signs_of_life(facts, pause), key=lambda one: one.at, default=None)
    if sign is not None:
        return Judgement(False, spared_by="quarantine", why=f"since our pause: {sign.what} at {clock(sign.at)}")
    held = held_from_all(facts, now)
    if held is not None:
        return Judgement(False, spared_by=held.rule, why=held.evidence)
    return Judgement(True, reasons=(Reason("quarantine_seconds", f"still in our pause of {clock(pause.sent_at)}"),))


def _signs_of_life(facts: Facts, pause: OurPause) -> list[SignOfLife]:
    found = [sign for sign in pause.signs if sign.at > pause.sent_at]
    times = {
        "a run began": facts.started_at,
        "it was seen running": facts.seen_running_at,
        "a lease covered it": facts.last_lease_ended_at,
    }
    found += [SignOfLife(what, at) for what, at in times.items() if at is not None and at > pause.sent_at]
    if facts.paused_at is not None and facts.paused_at > pause.answered_at + SAME_PAUSE:
        found.append(SignOfLife("it was paused again", facts.paused_at))
    return found


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


def _outside(match: PolicyMatch, facts: Facts) -> str | None:
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
