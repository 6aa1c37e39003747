"""The claim: under the sandbox's lock an action is taken for sending, with a number that its sender checks again.

From the claim on, a DELETE may have been sent. Time alone never undoes that: a claim that ran out is looked at
(`looking`), and only E2B's answer opens the sandbox again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from sandboxes.actions import announce, machine, queries
from sandboxes.actions.brake import Brakes
from sandboxes.actions.cancelling import cancelled
from sandboxes.actions.permission import CONDEMNING
from sandboxes.base.clock import is_fresh, on_backend
from sandboxes.core import database
from sandboxes.core.accounts import clock_offset
from sandboxes.fleet import lease_coverage
from sandboxes.models import Account, Action, Freeze, Policy, Sandbox, SandboxLock
from sandboxes.policies import quiet_now

BATCH = 64
# An action's steps read none of these, and they can be long.
UNREAD = ("sandbox__fold", "sandbox__metadata", "sandbox__probable_cause")
# An HTTP deadline is shorter than its claim. A pause takes about 4 s per GiB of memory (E2B's docs).
DEADLINE_SECONDS = {"pause": 150.0}
DEFAULT_DEADLINE_SECONDS = 25.0
# How long a claim may wait for its turn among those claimed with it; pauses are slow, so the last waits long.
CLAIM_SLACK_SECONDS = {"pause": 150.0}
DEFAULT_CLAIM_SLACK_SECONDS = 20.0
# A policy's act stands on the reaper's last look; one that could not leave within this time is looked at anew.
LOOK_HOLDS = timedelta(seconds=60)

State = Action.State


@dataclass(frozen=True)
class Claim:
    """An action that this sender, and no other, may send until `until`."""

    action: Action
    number: int
    until: datetime

    @property
    def deadline_seconds(self) -> float:
        """How long the HTTP call may take, with its retries."""
        return deadline_seconds(self.action.kind)


def deadline_seconds(kind: str) -> float:
    """The longest an HTTP call for this kind may take."""
    return DEADLINE_SECONDS.get(kind, DEFAULT_DEADLINE_SECONDS)


@transaction.atomic
def claim_due(now: datetime, account: Account) -> list[Claim]:
    """Claims what is queued and due of one account, oldest first, BATCH at most.

    Guards that somebody else holds are left for the next time. A policy's act that has waited since its last look, or
    whose policy may not act now, goes back to its mark: the reaper looks again. Acts whose sandbox has a call on its
    way take nobody's place.
    """
    due = queued_due(now).filter(account=account)
    on_their_way = Action.objects.filter(state=State.SENT).values("sandbox__lock_id")
    locks, ordered = _taken(due.exclude(sandbox__lock_id__in=on_their_way))
    if not ordered:
        return []
    sent = Action.objects.filter(sandbox__lock_id__in=locks, state=State.SENT)
    busy = set(sent.values_list("sandbox__lock_id", flat=True))
    held = lease_coverage.holding([action.sandbox_id for action in ordered])
    killed = killed_at(locks)
    frozen, api_is_up = is_frozen(), lease_coverage.api_is_up(now)
    brakes = Brakes([action.account for action in ordered if is_of_policy_alone(action)], now)
    claims, closed = [], []
    for action in ordered:
        lock = locks[action.sandbox.lock_id]
        if lock.pk in busy or _waits_for_a_namesake(action, lock):
            continue
        objection = _objection(action, lock, leased=action.sandbox_id in held, frozen=frozen, now=now)
        if (
            not objection
            and action.kind == Action.Kind.KILL
            and is_of_policy_alone(action)
            and _was_killed(action, killed)
        ):
            objection = "void: a kill of this run has been answered already"
        if objection:
            cancelled(action, objection)
            closed.append(action)
            continue
        if is_of_policy_alone(action) and not (api_is_up and _may_go(action, now) and brakes.lets(action)):
            _back_to_mark(action)
            closed.append(action)
            continue
        busy.add(lock.pk)
        claims.append(_claim(action, lock, now))
    moved = [claim.action for claim in claims]
    if moved:
        number_claims(moved)
    machine.store(moved + closed)
    announce.changed(moved + closed)
    return claims


def queued_due(now: datetime) -> QuerySet[Action]:
    """What waits to be sent and may be by its own time."""
    return Action.objects.filter(state=State.QUEUED).filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=now))


def _taken(waiting: QuerySet[Action]) -> tuple[dict[int, SandboxLock], list[Action]]:
    """The first that are due and whose locks nobody holds, read anew once these are ours, with their locks."""
    free = waiting.select_for_update(skip_locked=True, of=("sandbox__lock",)).select_related("sandbox__lock")
    due = list(free.only("sandbox__lock").order_by("requested_at", "pk")[:BATCH])
    keys = {action.sandbox.lock_id for action in due}
    locked = SandboxLock.objects.filter(pk__in=keys).select_related("pending_action")
    locks = {lock.pk: lock for lock in locked}
    still = waiting.filter(pk__in=[action.pk for action in due]).select_related("sandbox", "account__health", "policy")
    return locks, list(still.defer(*UNREAD).order_by("requested_at", "pk"))


def killed_at(lock_pks: Iterable[int]) -> dict[int, datetime]:
    """When the last kill that E2B has answered was sent, by lock."""
    answered = Action.objects.filter(kind=Action.Kind.KILL, sandbox__lock_id__in=list(lock_pks))
    rows = answered.exclude(answered_at=None).values_list("sandbox__lock_id").annotate(at=Max("sent_at"))
    return {lock: at for lock, at in rows if at is not None}


def was_killed(lock: int, started_at: datetime, killed: Mapping[int, datetime], offset: timedelta) -> bool:
    """Whether a kill of the run that began at `started_at` has been answered. `offset`: E2B's clock minus ours."""
    at = killed.get(lock)
    return at is not None and on_backend(at, offset) >= started_at


def is_of_policy_alone(action: Action) -> bool:
    """Whether no person has asked for it too."""
    return action.actor_kind == "policy" and not action.joined


def _may_go(action: Action, now: datetime) -> bool:
    """Whether the reaper's last look at it still holds, and its policy has no quiet hours."""
    if action.verified_at is None or not is_fresh(action.verified_at, now, LOOK_HOLDS):
        return False
    return action.policy is None or not quiet_now(action.policy.quiet_hours, now)


def _back_to_mark(action: Action) -> None:
    """Nothing of it has happened at E2B: its grace is over still, and the reaper decides anew."""
    machine.move(action, machine.HOLD, sent_at=None, next_attempt_at=None)


def _was_killed(action: Action, killed: Mapping[int, datetime]) -> bool:
    return was_killed(action.sandbox.lock_id, action.sandbox.started_at, killed, clock_offset(action.account))


def still_mine(claims: Sequence[Claim], now: datetime) -> set[int]:
    """Just before sending, the actions whose claim is the lock's last and has time left for the whole call."""
    numbers = Action.objects.filter(pk__in=[claim.action.pk for claim in claims], state=State.SENT).values_list(
        "pk", "claim_number", "sandbox__lock__claim_number"
    )
    found = {pk: (own, last) for pk, own, last in numbers}
    return {
        claim.action.pk
        for claim in claims
        if found.get(claim.action.pk) == (claim.number, claim.number)
        and now + timedelta(seconds=claim.deadline_seconds) < claim.until
    }


def _claim(action: Action, lock: SandboxLock, now: datetime) -> Claim:
    lock.claim_number += 1
    slack = CLAIM_SLACK_SECONDS.get(action.kind, DEFAULT_CLAIM_SLACK_SECONDS)
    until = now + timedelta(seconds=deadline_seconds(action.kind) + slack)
    machine.move(
        action, machine.CLAIM, claim_number=lock.claim_number, claimed_until=until,
        sent_at=now, attempts=action.attempts + 1, next_attempt_at=until,
    )  # fmt: skip
    return Claim(action, lock.claim_number, until)


def number_claims(claimed: Sequence[Action]) -> None:
    """The locks' counts follow their claims; kills and pauses condemn from here on."""
    database.execute(queries.NUMBER_CLAIMS, {
        "locks": [action.sandbox.lock_id for action in claimed],
        "numbers": [action.claim_number for action in claimed],
        "condemning": [action.pk if action.kind in CONDEMNING else None for action in claimed],
    })  # fmt: skip


def _objection(action: Action, lock: SandboxLock, *, leased: bool, frozen: bool, now: datetime) -> str:
    """Why a queued action may not go any more. A person's word is not undone by leases, protection or a policy."""
    by_policy_alone = is_of_policy_alone(action)
    # A person's kill is sent all the same: E2B's 404 is then the answer that they get.
    if action.sandbox.state == Sandbox.State.ENDED and (by_policy_alone or action.kind != Action.Kind.KILL):
        return "void: the sandbox has ended"
    if lock.pending_action_id not in (None, action.pk) and not _is_namesakes(action, lock):
        return "void: another act is on its way"
    if not (action.account.lets_policies_act if by_policy_alone else action.account.lets_people_act):
        return f"void: the account lets {'no policy' if by_policy_alone else 'nobody'} act"
    if not by_policy_alone:
        return ""
    if leased:
        return "spared: leased"
    if is_protected(lock, now):
        return "spared: protected"
    return policy_objection(action, frozen=frozen)


def _is_namesakes(action: Action, lock: SandboxLock) -> bool:
    """Whether the lock is condemned by an act on another account's sandbox of the same ID, and a person asks."""
    condemning = lock.pending_action
    return condemning is not None and condemning.account_id != action.account_id and not is_of_policy_alone(action)


def _waits_for_a_namesake(action: Action, lock: SandboxLock) -> bool:
    """A person's act is sent after that of the other account, whatever becomes of it; a policy's is void."""
    open_still = lock.pending_action is not None and lock.pending_action.state in (State.SENT, State.DONE)
    return open_still and _is_namesakes(action, lock)


def is_protected(lock: SandboxLock, now: datetime) -> bool:
    """Whether a person's protection holds at `now`."""
    return lock.protected and (lock.protected_until is None or lock.protected_until > now)


def is_frozen() -> bool:
    """Whether the freeze switch is on."""
    return Freeze.objects.filter(lifted_at=None).exists()


def policy_objection(action: Action, *, frozen: bool) -> str:
    """Why a policy's action is void by the policy as it stands: a mark belongs to one version of an enforcing one."""
    policy = action.policy
    if policy is None:
        return "void: the policy was deleted"
    if policy.version != action.policy_version:
        return "void: the policy was changed"
    if not policy.enabled or policy.mode != Policy.Mode.ENFORCE:
        return "void: the policy no longer enforces"
    if policy.breaker_tripped_at is not None:
        return "void: the policy's breaker has tripped"
    return "void: everything is frozen" if frozen else ""
