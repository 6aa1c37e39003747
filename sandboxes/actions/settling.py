"""What an answer or a check makes of an action: moved in memory, written for many at once under their locks."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from sandboxes.actions import announce, machine
from sandboxes.actions.calls import AT_CAPACITY, CONFLICT, PAUSE_REJECTED, Result
from sandboxes.actions.claims import UNREAD, Claim
from sandboxes.actions.permission import CONDEMNING
from sandboxes.models import Account, Action, SandboxLock

MOST_ATTEMPTS = 5
ANSWERED = "events.tasks.take_in_answers"
FIRST_LOOK_SECONDS = 5.0
FIRST_LOOK_AFTER_KILL_SECONDS = 20.0  # its event or the next list tells most often before that, without a call
State = Action.State


@transaction.atomic
def settle(answers: Sequence[tuple[Claim, Result]]) -> list[Action]:
    """Writes down what E2B answered to claims; nothing where somebody else has taken the action over since.

    The caller tells the pages of those it gives back.
    """
    given = {claim.action.pk: (claim, result) for claim, result in answers}
    moved = []
    for action in locked_all(list(given)):
        claim, result = given[action.pk]
        if action.state == State.SENT and action.claim_number == claim.number:
            apply(action, result)
            moved.append(action)
    machine.store(moved)
    _learn_pause(moved)
    if any(action.state == State.DONE and action.kind in CONDEMNING for action in moved):
        announce.wake(ANSWERED)
    return moved


def _learn_pause(moved: Sequence[Action]) -> None:
    """A pause that was answered with a yes shows that the backend can pause."""
    keys = {a.account_id for a in moved if a.kind == Action.Kind.PAUSE and a.state == State.DONE}
    if not keys:
        return
    unknown = Account.objects.filter(pk__in=keys).exclude(capabilities__contains={"pause": True})
    for account in unknown.select_for_update().order_by("pk"):
        account.capabilities = {**account.capabilities, "pause": True}
        account.save(update_fields=["capabilities"])


def store(actions: Sequence[Action]) -> None:
    """Writes actions that were moved by the functions below, and tells the pages."""
    machine.store(actions)
    announce.changed(actions)


def apply(action: Action, result: Result) -> None:
    """Moves a sent action on by `result`."""
    now = timezone.now()
    if result.kind == "done":
        answered(action, result.outcome, now)
    elif result.kind == "unknown":
        # It stays as it is, condemned too, until a look has been answered.
        action.error, action.claimed_until = result.error, now
        if result.outcome in (CONFLICT, PAUSE_REJECTED):
            action.rejection = result.outcome
        action.next_attempt_at = now + timedelta(seconds=FIRST_LOOK_SECONDS)
    elif result.kind == "never" or (result.counts and action.attempts >= MOST_ATTEMPTS):
        tries = f" after {action.attempts} attempts" if action.attempts > 1 else ""
        outcome = result.outcome or "refused"
        if outcome == AT_CAPACITY:
            action.rejection, outcome = AT_CAPACITY, "refused"
        fail(action, f"Gave up{tries}: {result.error}", outcome)
    else:
        requeue(action, result, now)


def answered(action: Action, outcome: str, now: datetime) -> None:
    """E2B said yes. For a kill or a pause that is an answer, not the end: `confirming` waits for the fact."""
    answer = {"outcome": outcome, "answered_at": now, "error": "", "claimed_until": None, "checks": 0}
    if outcome == "already_longer":  # read from E2B itself just now
        machine.move(action, machine.PROVE, **answer, confirmed_at=now, next_attempt_at=None)
        return
    wait = FIRST_LOOK_AFTER_KILL_SECONDS if action.kind == Action.Kind.KILL else FIRST_LOOK_SECONDS
    machine.move(action, machine.ANSWER, **answer, next_attempt_at=now + timedelta(seconds=wait))


def requeue(action: Action, result: Result, now: datetime) -> None:
    """Nothing happened at E2B: it waits for its next try, and by then an owner's word counts again."""
    if not result.counts:
        action.attempts -= 1
    wait = result.wait_seconds if result.wait_seconds is not None else 2.0 ** min(action.attempts, 6)
    again_at = now + timedelta(seconds=wait)
    machine.move(action, machine.RETRY, error=result.error, claimed_until=None, next_attempt_at=again_at)


def fail(action: Action, error: str, outcome: str = "failed") -> None:
    """It stops here, for a person to see; once, and nothing shoots again by itself."""
    machine.move(action, machine.FAIL, error=error, outcome=outcome, claimed_until=None, next_attempt_at=None)


def confirm(action: Action, now: datetime) -> None:
    """It is a fact. A killed sandbox stays condemned: nobody hands it out."""
    machine.move(action, machine.CONFIRM, confirmed_at=now, next_attempt_at=None)


def locked(action_pk: int) -> Action:
    """The action with its sandbox's lock held; call it within a transaction."""
    return locked_all([action_pk])[0]


def locked_all(action_pks: Sequence[int]) -> list[Action]:
    """Actions with their sandboxes' locks held, in order of the locks' keys; call it within a transaction."""
    locks = Action.objects.filter(pk__in=action_pks).values("sandbox__lock_id")
    list(SandboxLock.objects.select_for_update().filter(pk__in=locks).order_by("pk").values_list("pk", flat=True))
    found = Action.objects.filter(pk__in=action_pks).select_related("sandbox__lock", "account", "policy")
    return list(found.defer(*UNREAD))
