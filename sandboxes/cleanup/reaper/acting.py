"""Grace is over: E2B is asked again, the verdict taken anew from fresh facts, and only then is the act queued."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from asgiref.sync import sync_to_async
from django.db import transaction

from sandboxes.actions import announce, machine, waking
from sandboxes.actions.cancelling import cancelled
from sandboxes.actions.claims import is_frozen, policy_objection
from sandboxes.actions.settling import locked_all, store
from sandboxes.actions.verify import Seen, look_at, look_at_sandboxes
from sandboxes.base.clock import BackendTime
from sandboxes.cleanup import owner_callback
from sandboxes.cleanup.reaper import facts
from sandboxes.cleanup.reaper.facts import Fleet
from sandboxes.cleanup.reaper.quarantine import our_pauses
from sandboxes.cleanup.reaper.verdicts import complete, keepers, told_of
from sandboxes.core import rounds
from sandboxes.e2b import E2BError, NotFound, SandboxInfo
from sandboxes.models import Account, Action
from sandboxes.policies import Facts, Judgement, OurPause, PolicySpec, judge, judge_quarantine

AT_ONCE = 256
ROUND_SECONDS = 120.0  # at most; a round with several policies gives each a share of its own lock
GRACE_SECONDS = 30.0  # beyond a round's end, for the looks and the decision that are under way
Kind, State = Action.Kind, Action.State


async def act(
    spec: PolicySpec, due: Sequence[Action], fleets: Mapping[int, Fleet], seconds: float = ROUND_SECONDS
) -> set[int]:
    """Looks again at the due marks and queues those that are still orphans; the accounts where that failed.

    Accounts side by side, and of each some at a time: a look is seconds old when its act leaves, however many are due
    and however slow another backend is. What does not fit into `seconds` stays in grace for the next round.
    """
    end = time.monotonic() + seconds
    by_account: dict[int, list[Action]] = defaultdict(list)
    for action in due:
        by_account[action.account_id].append(action)

    async def one(account: Account) -> bool:
        await _act_on(spec, by_account[account.pk], fleets[account.pk], end)
        return True

    accounts = [fleets[key].account for key in by_account]
    within = seconds + GRACE_SECONDS
    done = await asyncio.gather(*(rounds.guarded("reap", each, one, deadline_seconds=within) for each in accounts))
    return {account.pk for account, ended in zip(accounts, done, strict=True) if not ended}


async def _act_on(spec: PolicySpec, due: Sequence[Action], fleet: Fleet, end: float) -> None:
    """One account's marks until `end` (monotonic seconds)."""
    for start in range(0, len(due), AT_ONCE):
        if time.monotonic() >= end:
            break
        pairs = await look_at(fleet.account, due[start : start + AT_ONCE])
        kept = await _look_at_keepers(spec, fleet, {action.sandbox_id for action, _ in pairs})
        await sync_to_async(decide)(spec, fleet, pairs, kept)


async def _look_at_keepers(spec: PolicySpec, fleet: Fleet, due: set[int]) -> dict[int, SandboxInfo]:
    """Those in whose favour duplicates would go, as E2B shows them alive this second, by our key."""
    names = {fleet.known[key].facts.sandbox_id: key for key in await sync_to_async(keepers)(spec, fleet, due)}
    shown = await look_at_sandboxes(fleet.account, list(names)) if names else {}
    return {names[name]: what for name, what in shown.items() if isinstance(what, SandboxInfo)}


def decide(
    spec: PolicySpec, fleet: Fleet, pairs: Sequence[tuple[Action, Seen]], kept: Mapping[int, SandboxInfo]
) -> None:
    now = datetime.now(UTC)
    shown = {action.sandbox_id: what for action, what in pairs if isinstance(what, SandboxInfo)}
    verified = list(facts.fresh(fleet.account, {**kept, **shown}, fleet.clock(now)).values())
    completed = complete(spec, fleet, [one for one in verified if one.key in shown], now, verified)
    anew = {one.key: one.facts for one in completed}
    pauses = our_pauses([action for action, _ in pairs], fleet.offset)
    judged: dict[int, Judgement | None] = {}
    for action, what in pairs:
        if isinstance(what, NotFound):
            judged[action.pk] = None
        elif not isinstance(what, E2BError) and action.sandbox_id in anew:
            known, at, pause = anew[action.sandbox_id], fleet.clock(now), pauses.get(action.pk)
            judged[action.pk] = _judged(spec, action, known, pause, at)
    conclude(_heard(spec, fleet, pairs, judged), datetime.now(UTC))


def _heard(
    spec: PolicySpec,
    fleet: Fleet,
    pairs: Sequence[tuple[Action, Seen]],
    judged: Mapping[int, Judgement | None],
) -> dict[int, Judgement | None]:
    """The application is asked last of all about those that would go; whom it does not call dead is spared."""
    found = dict(judged)
    names = {action.pk: action.sandbox.sandbox_id for action, _ in pairs}
    going = [pk for pk, judgement in judged.items() if judgement is not None and judgement.hit]
    alive = owner_callback.before_act(fleet.account, [names[pk] for pk in going]) if spec.action != "notify" else {}
    for pk in going:
        if names[pk] in alive:
            found[pk] = Judgement(False, spared_by=owner_callback.RULE, why=alive[names[pk]])
    return found


def _judged(spec: PolicySpec, action: Action, known: Facts, pause: OurPause | None, at: BackendTime) -> Judgement:
    if action.quarantine_of_id is None:
        return judge(spec, known, at)
    if pause is None:
        return Judgement(False, spared_by="quarantine", why="our pause is not on record")
    return judge_quarantine(known, pause, at)


@transaction.atomic
def conclude(judged: Mapping[int, Judgement | None], now: datetime) -> int:
    """Marks become queued acts, or void (None: it is gone), unless somebody was faster; how many were queued."""
    frozen, moved = is_frozen(), []
    for action in locked_all(list(judged)):
        if action.state == State.GRACE:
            _move(action, judged[action.pk], frozen=frozen, now=now)
            moved.append(action)
    store(moved)
    queued = sum(action.state == State.QUEUED for action in moved)
    if queued:
        announce.wake()
    return queued


def _move(action: Action, judgement: Judgement | None, *, frozen: bool, now: datetime) -> None:
    if judgement is None:
        cancelled(action, "void: already gone")
    elif not judgement.hit:
        cancelled(action, f"spared on the final check: {judgement.spared_by}")
        if judgement.spared_by == owner_callback.RULE:
            action.evidence = [*action.evidence, {"rule": owner_callback.RULE, "evidence": judgement.why}]
            action.spare_until = now + owner_callback.AGAIN
    elif objection := policy_objection(action, frozen=frozen):
        cancelled(action, objection)
    else:
        _release(action, judgement, now)


def _release(action: Action, judgement: Judgement, now: datetime) -> None:
    """The mark is an act that waits to be sent; a notice is given at once."""
    evidence = told_of(judgement.reasons)
    if action.kind == Kind.PAUSE and action.sandbox.auto_resume:
        evidence = [*evidence, waking.EVIDENCE]
    verified = {"evidence": evidence, "verified_at": now}
    if action.kind == Kind.NOTIFY:
        times = dict.fromkeys(("sent_at", "answered_at", "confirmed_at"), now)
        machine.move(action, machine.NOTIFY, **verified, **times, outcome="notified", next_attempt_at=None)
    else:
        machine.move(action, machine.RELEASE, **verified, next_attempt_at=now)
