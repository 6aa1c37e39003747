"""One round of the reaper: leases first, then every policy over every account, and last what enforcing ones act on."""

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from sandboxes.actions import brake
from sandboxes.cleanup import freezing, leases, orphans
from sandboxes.cleanup.policy_book import spec_of, void_marks
from sandboxes.cleanup.reaper import acting, brakes, marks, verdicts
from sandboxes.cleanup.reaper.facts import Fleet, fleet_of
from sandboxes.core import accounts, round_errors, rounds
from sandboxes.core.locks import lock
from sandboxes.fleet import lease_coverage
from sandboxes.models import Account, Action, Policy
from sandboxes.policies import PolicyError, PolicySpec, is_quiet

LOCK_SECONDS = 300.0
SLACK_SECONDS = 60.0  # of the lock, for the last policy's looks that are under way and for what is told at the end
FACTS_SECONDS = 60.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Due:
    """What a policy may act on after its brakes."""

    spec: PolicySpec
    actions: list[Action]


@dataclass
class _Troubles:
    """Accounts (by key) whose errors of this round stay on record."""

    judging: set[int] = field(default_factory=set)  # not judged: it failed, or their facts are out of date
    acting: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class _Times:
    """On our clock: when the round's facts were gathered, by which it judges, and the time by now."""

    of_facts: datetime
    now: datetime


async def run_all() -> bool:
    """Judges all accounts at work by all enabled policies; False when another worker is at it."""
    await sync_to_async(close_old_connections)()
    try:
        async with lock("reap", LOCK_SECONDS) as ours:
            if ours:
                await _run()
        return ours
    finally:
        await sync_to_async(close_old_connections)()


async def _run() -> None:
    """Policies in turn, each with its share of what is left of the lock: none outlives it, and none waits for ever."""
    now, began = datetime.now(UTC), time.monotonic()
    end = began + LOCK_SECONDS - SLACK_SECONDS
    at_work, policies = await sync_to_async(_prepare)(now)
    before = await sync_to_async(orphans.shown)(at_work)
    gather_facts = sync_to_async(fleet_of)
    fleets = await rounds.side_by_side("facts", at_work, gather_facts, deadline_seconds=FACTS_SECONDS, lock=False)
    troubles = _Troubles(judging={account.pk for account in at_work if account.pk not in fleets})
    for place, policy in enumerate(policies):
        left, by_now = max(0.0, end - time.monotonic()), now + timedelta(seconds=time.monotonic() - began)
        seconds = min(acting.ROUND_SECONDS, left / (len(policies) - place))
        try:
            await _run_one(policy, fleets, _Times(now, by_now), troubles, seconds=seconds)
        except Exception:  # one policy's fault holds up no other
            log.exception("policy %s could not be run", policy.name)
            troubles.judging |= fleets.keys()
    for account in at_work:
        if account.pk not in troubles.judging:
            await rounds.succeeded("judge", account)
        if account.pk not in troubles.acting:
            await rounds.succeeded("reap", account)
    await sync_to_async(orphans.tell)(at_work, before)


async def _run_one(
    policy: Policy, fleets: dict[int, Fleet], times: _Times, troubles: _Troubles, *, seconds: float
) -> None:
    """One policy over all accounts; it acts for so long at most. Accounts where something fails join `troubles`."""
    work = await sync_to_async(judge_policy)(policy, fleets, times, troubles)
    if work is not None and work.actions:
        troubles.acting |= await acting.act(work.spec, work.actions, fleets, seconds)


def _prepare(now: datetime) -> tuple[list[Account], list[Policy]]:
    at_work = accounts.fleets()
    leases.look(now)
    marks.void_unfounded()
    verdicts.close_unheld([account.pk for account in at_work], now)
    return at_work, list(Policy.objects.filter(enabled=True).order_by("pk"))


def judge_policy(policy: Policy, fleets: dict[int, Fleet], times: _Times, troubles: _Troubles) -> _Due | None:
    """Records the verdicts of one policy, marks for an enforcing one, and finds what is due."""
    now = times.of_facts
    try:
        spec = spec_of(policy)
    except PolicyError as error:
        _write_down(policy, now, hits=0, held=f"the policy can't be read: {error}")
        return None
    hits, held, ready, frozen = 0, [], [], freezing.current()
    tripped = brake.tripped(fleets)
    for fleet in fleets.values():
        stale = brakes.stale_view(getattr(fleet.account, "health", None), now)
        if stale:
            held.append(f"{fleet.account.name}: {stale}")
            troubles.judging.add(fleet.account.pk)
            continue  # nothing new is known: verdicts and marks stay as they are
        try:
            found, may_act = judge_fleet(policy, spec, fleet, now, is_frozen=frozen is not None)
        except Exception as error:  # the account's: its verdicts stay as they are, the others are judged
            log.exception("policy %s could not judge account %s", policy.name, fleet.account.name)
            round_errors.store(fleet.account, "judge", error, now)
            troubles.judging.add(fleet.account.pk)
            held.append(f"{fleet.account.name}: {round_errors.text_of(error)}")
            continue
        hits += found
        if policy.mode == Policy.Mode.ENFORCE and not fleet.account.lets_policies_act:
            held.append(f"{fleet.account.name}: the account lets no policy act")
        elif fleet.account.pk in tripped:
            held.append(
                f"{fleet.account.name}: the account's safety limit has tripped: {tripped[fleet.account.pk].why}"
            )
        elif may_act:
            ready.append(fleet.account)
    holds = _holds(policy, spec, times.now) + ([freezing.why(frozen)] if frozen is not None else [])
    held += [*holds, *_judged_elsewhere(spec)]
    _write_down(policy, now, hits=hits, held="; ".join(held))
    may_act = policy.mode == Policy.Mode.ENFORCE and not holds
    return _Due(spec, marks.due(policy, ready, now)) if may_act else None


def judge_fleet(policy: Policy, spec: PolicySpec, fleet: Fleet, now: datetime, *, is_frozen: bool) -> tuple[int, bool]:
    """How many of one account the policy hits, and whether it may act on them by its own brakes."""
    found = verdicts.hits_of(spec, fleet, now)
    since = verdicts.record(policy, fleet.account, found, now)
    if policy.mode != Policy.Mode.ENFORCE:
        return len(found), False
    if not fleet.account.lets_policies_act:
        void_marks(Action.objects.filter(policy=policy, account=fleet.account), "void: the account lets no policy act")
        return len(found), False
    trip = brakes.breaker(len(found), len(fleet.known), spec.max_fleet_fraction)
    if trip and policy.breaker_tripped_at is None:
        _trip(policy, f"{fleet.account.name}: {trip}", now)
    if is_frozen:
        marks.void_spared(policy, fleet.account, found)
    elif policy.breaker_tripped_at is None:
        marks.mark(policy, spec, fleet, found, since, now)
        marks.mark_quarantined(policy, spec, fleet.account, now)
        return len(found), True
    return len(found), False


def _trip(policy: Policy, why: str, now: datetime) -> None:
    policy.breaker_tripped_at, policy.breaker_why = now, why
    Policy.objects.filter(pk=policy.pk, version=policy.version).update(breaker_tripped_at=now, breaker_why=why)
    log.warning("policy %s: the breaker has tripped: %s", policy.name, why)


def _holds(policy: Policy, spec: PolicySpec, now: datetime) -> list[str]:
    """Why this policy may not act on any account now."""
    held = []
    if policy.breaker_tripped_at is not None:
        held.append(f"the breaker has tripped: {policy.breaker_why}")
    if is_quiet(spec.quiet_hours, now):
        held.append("quiet hours")
    if not lease_coverage.api_is_up(now):
        held.append("our API has no fresh heartbeat, so owners can't renew their leases")
    return held


def _judged_elsewhere(spec: PolicySpec) -> list[str]:
    """The accounts that the policy names though another account stands for them."""
    followers = Account.objects.filter(name__in=spec.match.accounts, enabled=True).exclude(same_fleet_as=None)
    return [
        f"{name}: its sandboxes are those of {lead} too, and judged there"
        for name, lead in followers.values_list("name", "same_fleet_as__name")
    ]


def _write_down(policy: Policy, now: datetime, *, hits: int, held: str) -> None:
    Policy.objects.filter(pk=policy.pk, version=policy.version).update(last_run_at=now, hits=hits, held_why=held)
