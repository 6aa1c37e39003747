"""Grace is over: E2B is asked again, the verdict taken anew from fresh facts, and only then is the act queued."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from asgiref.sync import sync_to_async
from django.db import transaction

from sandboxes.actions import announce
from sandboxes.actions.cancelling import close
from sandboxes.actions.claims import policy_objection
from sandboxes.actions.looking import Seen, look_at
from sandboxes.actions.settling import locked
from sandboxes.e2b import E2BError, NotFound, SandboxInfo
from sandboxes.models import Action
from sandboxes.policies import Facts, Judgement, PolicySpec, judge, judge_quarantine
from sandboxes.reaper import facts
from sandboxes.reaper.facts import Fleet
from sandboxes.reaper.marks import QUARANTINE
from sandboxes.reaper.verdicts import complete, told_of

Kind, State = Action.Kind, Action.State


async def act(spec: PolicySpec, due: Sequence[Action], fleets: Mapping[int, Fleet]) -> int:
    """Looks again at every due mark and queues those that are still orphans; how many."""
    seen: dict[int, list[tuple[Action, Seen]]] = defaultdict(list)
    for action, what in await look_at(due):
        seen[action.account_id].append((action, what))
    queued = 0
    for account, pairs in seen.items():
        queued += await sync_to_async(_decide)(spec, fleets[account], pairs)
    return queued


def _decide(spec: PolicySpec, fleet: Fleet, pairs: Sequence[tuple[Action, Seen]]) -> int:
    now = datetime.now(UTC)
    shown = {action.sandbox_id: what for action, what in pairs if isinstance(what, SandboxInfo)}
    known = complete(spec, fleet, list(facts.fresh(fleet.account, shown, now).values()), now)
    anew = {one.key: one.facts for one in known}
    queued = 0
    for action, what in pairs:
        if isinstance(what, NotFound):
            _void(action, "void: already gone")
        elif not isinstance(what, E2BError) and action.sandbox_id in anew:
            judgement = _judged(spec, action, anew[action.sandbox_id], now + fleet.offset)
            if judgement.hit:
                queued += _release(action, judgement, now)
            else:
                _void(action, f"spared on the last look: {judgement.spared_by}")
    if queued:
        announce.wake()
    return queued


def _judged(spec: PolicySpec, action: Action, known: Facts, at: datetime) -> Judgement:
    if QUARANTINE not in action.parameters:
        return judge(spec, known, at)
    paused_at = Action.objects.values_list("answered_at", flat=True).get(pk=action.parameters[QUARANTINE])
    return judge_quarantine(known, paused_at or action.requested_at, at)


@transaction.atomic
def _release(mark: Action, judgement: Judgement, now: datetime) -> bool:
    """The mark becomes a queued act, unless somebody was faster; a notice is given at once."""
    action = locked(mark.pk)
    if action.state != State.GRACE:
        return False
    objection = policy_objection(action)
    if objection:
        close(action, outcome=objection)
        return False
    action.evidence, action.state, action.next_attempt_at = told_of(judgement.reasons), State.QUEUED, now
    if action.kind == Kind.NOTIFY:
        action.state, action.outcome, action.next_attempt_at = State.CONFIRMED, "notified", None
        action.sent_at = action.answered_at = action.confirmed_at = now
    action.save()
    announce.changed([action])
    return True


@transaction.atomic
def _void(mark: Action, outcome: str) -> None:
    action = locked(mark.pk)
    if action.state == State.GRACE:
        close(action, outcome=outcome)
