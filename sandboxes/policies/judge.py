"""The judgement of one policy on one sandbox: hit with its reasons, or spared by the first thing that spares it."""

from dataclasses import dataclass
from datetime import timedelta

from msgspec import UNSET
from msgspec.structs import replace

from sandboxes.base.clock import BackendTime
from sandboxes.policies import keepers, scope
from sandboxes.policies.facts import Facts
from sandboxes.policies.keepers import held_from_all
from sandboxes.policies.rules import Asked, Reason, weigh, weigh_all
from sandboxes.policies.spec import PolicySpec
from sandboxes.policies.wording import clock


@dataclass(frozen=True, slots=True)
class Judgement:
    """`hit` with `reasons`; or not, and then `spared_by` names the rule, `why` says it in words."""

    hit: bool
    reasons: tuple[Reason, ...] = ()
    spared_by: str | None = None
    why: str = ""


def judge(spec: PolicySpec, facts: Facts, now: BackendTime, *, assume_idle: bool = False) -> Judgement:
    """What `spec` says of a sandbox at `now`.

    A live lease, a protection and metadata that keeps it spare it from every policy; they are named only where it would
    be hit without them. `assume_idle` takes idleness for granted: who gathers facts asks so whether the samples
    are worth reading.
    """
    left_out = scope.outside(spec.match, facts)
    if left_out is not None:
        return Judgement(False, spared_by=left_out)
    when = replace(spec.orphan_when, idle_for_seconds=UNSET) if assume_idle else spec.orphan_when
    weighed = weigh(when, facts, now)
    if isinstance(weighed, str):
        return Judgement(False, spared_by=weighed)
    held = held_from_all(facts, now)
    if held is not None:
        return Judgement(False, spared_by=held.rule, why=held.evidence)
    return Judgement(True, reasons=weighed)


def explain(spec: PolicySpec, facts: Facts, now: BackendTime) -> tuple[Asked, ...]:
    """Every rule that `judge` asks, in its order and from the same tables, also those after the first that fails.

    `judge` hits where all of them hold, else it is spared by the first that does not.
    """
    conditions = weigh_all(spec.orphan_when, facts, now)
    return *scope.asked(spec.match, facts), *conditions, *keepers.asked(facts, now)


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """Something after our pause that only a living owner does, and when."""

    what: str
    at: BackendTime


@dataclass(frozen=True, slots=True)
class OurPause:
    """A pause that began a quarantine: when it was sent and answered, and the signs of life found beside the facts."""

    sent_at: BackendTime
    answered_at: BackendTime
    signs: tuple[SignOfLife, ...] = ()


# A pause is reported by its own event, by a list and by GET, each with a time of its own.
SAME_PAUSE = timedelta(seconds=5)


def judge_quarantine(facts: Facts, pause: OurPause, now: BackendTime) -> Judgement:
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
