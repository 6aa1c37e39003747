"""A policy before it is saved: whom it would hit now, what that changes, what it would have done last week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sandboxes.cleanup.policy_book import spec_of
from sandboxes.cleanup.whatif import now as at_once
from sandboxes.cleanup.whatif.collector import rare_collection
from sandboxes.cleanup.whatif.history import History, replay
from sandboxes.cleanup.whatif.now import Now
from sandboxes.cleanup.whatif.sensitivity import variants
from sandboxes.core import accounts
from sandboxes.models import Policy
from sandboxes.policies import OrphanWhen, PolicyError, PolicySpec


@dataclass(frozen=True)
class Tried:
    """The history of the same policy with another limit."""

    value: float
    history: History


@dataclass(frozen=True)
class Preview:
    """`newly_hit` and `no_longer_hit` are against the stored policy `current`; without one, all hits are new."""

    now: Now
    current: Policy | None
    newly_hit: Sequence[str]
    no_longer_hit: Sequence[str]
    history: History
    sweep: Sequence[Tried]


def preview(spec: PolicySpec, moment: datetime, *, current: Policy | None = None, sweep: str | None = None) -> Preview:
    """What `spec` would do at `moment` (our clock), beside the stored policy `current`, else the one of its name.

    `sweep` names a number of the policy to be tried with other values. Raises PolicyError when it is none.
    """
    tried = variants(spec, sweep) if sweep else []
    at_work = accounts.fleets()
    held_back, fleets = at_once.brakes_of_all(spec, moment), at_once.fleets_of(at_work)
    found = at_once.judged_now(spec, fleets, moment, held_back)
    current = current or Policy.objects.filter(name=spec.name).first()
    ids = {hit.sandbox_id for hit in found.hits}
    before = at_once.hit_ids(stored, fleets, moment) if (stored := _stored(current)) else set()
    asked = [account for account in at_work if not spec.match.accounts or account.name in spec.match.accounts]
    different = [spec, *(other for _, other in tried if other != spec)]
    with rare_collection():  # looking through a million small things took up to half its time
        histories = dict(zip(map(_limits, different), replay(different, asked, moment), strict=True))
    return Preview(
        found, current, sorted(ids - before), sorted(before - ids), histories[_limits(spec)],
        [Tried(value, histories[_limits(other)]) for value, other in tried],
    )  # fmt: skip


def _limits(spec: PolicySpec) -> tuple[OrphanWhen, int]:
    """What variants of one policy differ in."""
    return spec.orphan_when, spec.grace_seconds


def _stored(policy: Policy | None) -> PolicySpec | None:
    """What the stored policy says; None when there is none, or it can't be meant."""
    try:
        return spec_of(policy) if policy is not None else None
    except PolicyError:
        return None
