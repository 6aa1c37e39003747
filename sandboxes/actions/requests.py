"""A person's or a program's request becomes an action: decided under the sandbox's lock, by the state on our record."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from sandboxes.actions import announce, machine, protection, queries
from sandboxes.actions.actor import Actor, NotAllowed, NotInState
from sandboxes.actions.cancelling import close
from sandboxes.actions.permission import CONDEMNING, SENT_KINDS, needs_seconds, refusal
from sandboxes.core import database
from sandboxes.models import Action, Sandbox, SandboxLock

Kind, State = Action.Kind, Action.State
JOINABLE = (Kind.KILL, Kind.RESUME)  # asking twice is one request


@dataclass(frozen=True)
class ActionRequest:
    """What is asked for, by whom, when; the same for each of many."""

    kind: str
    actor: Actor
    seconds: int | None
    until: datetime | None
    reason: str
    bulk_id: uuid.UUID | None
    at: datetime
    memory: bool = True  # of a pause or resume: False keeps, or wakes from, the disk alone


def request(
    sandbox: Sandbox,
    kind: str,
    actor: Actor,
    *,
    seconds: int | None = None,
    until: datetime | None = None,
    reason: str = "",
    memory: bool = True,
) -> Action:
    """Queues `kind` for one sandbox; protect and unprotect hold at once. A kill joins one that is open already.

    Protection holds off policies, not a person who asks for a kill. Raises NotAllowed where the account's `actions`
    lets nobody act, NotInState by the state on our record, ValueError for missing or bad `seconds`.
    """
    if kind in SENT_KINDS and not sandbox.account.lets_people_act:
        raise NotAllowed(sandbox.account.name)
    wanted = ActionRequest(kind, actor, needs_seconds(kind, seconds), until, reason, None, timezone.now(), memory)
    actions, refused = take([sandbox.pk], wanted)
    if refused:
        raise NotInState(refused[sandbox.pk])
    if not actions:
        raise NotInState("the sandbox is no longer on record")
    return actions[0]


@transaction.atomic
def take(sandbox_pks: Sequence[int], wanted: ActionRequest) -> tuple[list[Action], dict[int, str]]:
    """Takes the locks in order of their keys, decides for each sandbox, and writes what is new in one go."""
    sandboxes = list(Sandbox.objects.filter(pk__in=sandbox_pks).select_related("account").order_by("pk"))
    locks = lock_guards([sandbox.lock_id for sandbox in sandboxes])
    open_actions = _open_by_guard(list(locks))
    actions: dict[int, Action] = {}
    refused: dict[int, str] = {}
    for sandbox in sandboxes:
        sandbox.lock = locks[sandbox.lock_id]
        of_lock = open_actions.setdefault(sandbox.lock_id, [])
        condemning = next((a.kind for a in of_lock if a.pk == sandbox.lock.pending_action_id), None)
        problem = refusal(wanted.kind, sandbox, sandbox.lock, condemning)
        if wanted.kind in SENT_KINDS and not sandbox.account.lets_people_act:
            problem = str(NotAllowed(sandbox.account.name))
        if problem is not None:
            refused[sandbox.pk] = problem
            continue
        action = _decide(wanted, sandbox, of_lock)
        actions[id(action)] = action
    taken = list(actions.values())
    write_actions(taken, wanted)
    announce.changed(taken)
    if any(action.state == State.QUEUED for action in taken):
        announce.wake()
    return taken, refused


def lock_guards(lock_pks: Sequence[int]) -> dict[int, SandboxLock]:
    """Guards by key, locked in order of their keys, so that two who need several never wait for each other."""
    rows = SandboxLock.objects.select_for_update().filter(pk__in=set(lock_pks)).order_by("pk")
    return {lock.pk: lock for lock in rows}


def _open_by_guard(lock_pks: Sequence[int]) -> dict[int, list[Action]]:
    found: dict[int, list[Action]] = {}
    live = Action.objects.filter(
        sandbox__lock_id__in=lock_pks, state__in=[State.GRACE, State.QUEUED, State.SENT, State.DONE]
    )
    for action in live.select_related("sandbox__lock", "account").order_by("pk"):
        found.setdefault(action.sandbox.lock_id, []).append(action)
    return found


def _decide(wanted: ActionRequest, sandbox: Sandbox, of_lock: list[Action]) -> Action:
    """The action for this sandbox: the open one that the request joins, or a new one, not written yet."""
    same = [action for action in of_lock if action.kind == wanted.kind]
    twin = next((action for action in same if action.pk is None), None)
    if twin is not None:  # this very request has met the same sandbox under another account
        return twin
    if wanted.kind in JOINABLE and same:
        _join(same[0], wanted)
        return same[0]
    action = _new(wanted, sandbox)
    if wanted.kind in (Kind.PROTECT, Kind.UNPROTECT):
        protection.apply(action, sandbox.lock, of_lock, wanted.at)
    elif wanted.kind in CONDEMNING:
        _supersede(of_lock, wanted)
    of_lock.append(action)
    return action


def write_actions(actions: Sequence[Action], wanted: ActionRequest) -> None:
    """New ones with their sentences, and what a person's word made of those it joined."""
    Action.objects.bulk_create([action for action in actions if action.pk is None])
    machine.store([action for action in actions if action.joined])
    if wanted.kind in CONDEMNING:
        sentenced = [action for action in actions if action.state == State.QUEUED]
        locks, keys = [one.sandbox.lock_id for one in sentenced], [one.pk for one in sentenced]
        database.execute(queries.SET_PENDING_ACTIONS, {"locks": locks, "actions": keys})


def _new(wanted: ActionRequest, sandbox: Sandbox) -> Action:
    until = {"until": wanted.until.isoformat()} if wanted.until else {}
    seconds = {"seconds": wanted.seconds} if wanted.seconds is not None else {}
    memory = {} if wanted.memory else {"memory": False}
    at_once = wanted.kind in (Kind.PROTECT, Kind.UNPROTECT)
    return machine.begin(
        State.CONFIRMED if at_once else State.QUEUED, kind=wanted.kind, account=sandbox.account, sandbox=sandbox,
        actor_kind=wanted.actor.kind, actor_name=wanted.actor.name, bulk_id=wanted.bulk_id, reason=wanted.reason,
        parameters=seconds | until | memory, requested_at=wanted.at, next_attempt_at=None if at_once else wanted.at,
    )  # fmt: skip


def _join(action: Action, wanted: ActionRequest) -> None:
    """A person's word makes an open action theirs too: grace ends now, and no lease or policy change undoes it."""
    word = {"kind": wanted.actor.kind, "name": wanted.actor.name, "reason": wanted.reason, "at": wanted.at.isoformat()}
    action.joined = [*action.joined, word]
    if action.state in machine.CANCELLABLE:
        machine.move(action, machine.JOIN, next_attempt_at=wanted.at)


def _supersede(of_lock: list[Action], wanted: ActionRequest) -> None:
    """What was waiting for this sandbox gives way to the kill or pause that a person wants now."""
    for action in of_lock:
        mark_outlasts = action.kind == Kind.KILL and wanted.kind == Kind.PAUSE
        if action.state in machine.CANCELLABLE and not mark_outlasts:
            close(action, outcome=f"superseded by a {wanted.kind}")
