"""A person's or a program's wish becomes an action: decided under the sandbox's guard, by the state on our record."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from sandboxes.actions import announce, machine, protection
from sandboxes.actions.actor import Actor, NotAllowed, NotInState
from sandboxes.actions.cancelling import close
from sandboxes.actions.permission import CONDEMNING, SENT_KINDS, needs_seconds, refusal
from sandboxes.models import Action, Guard, Sandbox

Kind, State = Action.Kind, Action.State
JOINABLE = (Kind.KILL, Kind.RESUME)  # asking twice is one wish


@dataclass(frozen=True)
class Wish:
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
    wish = Wish(kind, actor, needs_seconds(kind, seconds), until, reason, None, timezone.now(), memory)
    actions, refused = take([sandbox.pk], wish)
    if refused:
        raise NotInState(refused[sandbox.pk])
    if not actions:
        raise NotInState("the sandbox is not on record any more")
    return actions[0]


@transaction.atomic
def take(sandbox_pks: Sequence[int], wish: Wish) -> tuple[list[Action], dict[int, str]]:
    """Locks the guards in order of their keys, decides for each sandbox, and writes what is new in one go."""
    sandboxes = list(Sandbox.objects.filter(pk__in=sandbox_pks).select_related("account").order_by("pk"))
    guards = lock_guards([sandbox.guard_id for sandbox in sandboxes])
    open_actions = _open_by_guard(list(guards))
    actions: dict[int, Action] = {}
    refused: dict[int, str] = {}
    for sandbox in sandboxes:
        sandbox.guard = guards[sandbox.guard_id]
        of_guard = open_actions.setdefault(sandbox.guard_id, [])
        condemning = next((a.kind for a in of_guard if a.pk == sandbox.guard.condemned_by_id), None)
        problem = refusal(wish.kind, sandbox, sandbox.guard, condemning)
        if wish.kind in SENT_KINDS and not sandbox.account.lets_people_act:
            problem = str(NotAllowed(sandbox.account.name))
        if problem is not None:
            refused[sandbox.pk] = problem
            continue
        action = _decide(wish, sandbox, of_guard)
        actions[id(action)] = action
    taken = list(actions.values())
    _write(taken, wish)
    announce.changed(taken)
    if any(action.state == State.QUEUED for action in taken):
        announce.wake()
    return taken, refused


def lock_guards(guard_pks: Sequence[int]) -> dict[int, Guard]:
    """Guards by key, locked in order of their keys, so that two who need several never wait for each other."""
    rows = Guard.objects.select_for_update().filter(pk__in=set(guard_pks)).order_by("pk")
    return {guard.pk: guard for guard in rows}


def _open_by_guard(guard_pks: Sequence[int]) -> dict[int, list[Action]]:
    found: dict[int, list[Action]] = {}
    live = Action.objects.filter(
        sandbox__guard_id__in=guard_pks, state__in=[State.GRACE, State.QUEUED, State.SENT, State.DONE]
    )
    for action in live.select_related("sandbox__guard", "account").order_by("pk"):
        found.setdefault(action.sandbox.guard_id, []).append(action)
    return found


def _decide(wish: Wish, sandbox: Sandbox, of_guard: list[Action]) -> Action:
    """The action for this sandbox: the open one that the wish joins, or a new one, not written yet."""
    same = [action for action in of_guard if action.kind == wish.kind]
    twin = next((action for action in same if action.pk is None), None)
    if twin is not None:  # this very wish has met the same sandbox under another account
        return twin
    if wish.kind in JOINABLE and same:
        _join(same[0], wish)
        return same[0]
    action = _new(wish, sandbox)
    if wish.kind in (Kind.PROTECT, Kind.UNPROTECT):
        protection.apply(action, sandbox.guard, of_guard, wish.at)
    elif wish.kind in CONDEMNING:
        _supersede(of_guard, wish)
    of_guard.append(action)
    return action


def _write(actions: Sequence[Action], wish: Wish) -> None:
    """New ones with their sentences, and what a person's word made of those it joined."""
    Action.objects.bulk_create([action for action in actions if action.pk is None])
    machine.store([action for action in actions if action.joined])
    if wish.kind in CONDEMNING:
        sentenced = [action for action in actions if action.state == State.QUEUED]
        guards, keys = [one.sandbox.guard_id for one in sentenced], [one.pk for one in sentenced]
        with connection.cursor() as cursor:
            cursor.execute(_SENTENCE, {"guards": guards, "actions": keys})


def _new(wish: Wish, sandbox: Sandbox) -> Action:
    until = {"until": wish.until.isoformat()} if wish.until else {}
    seconds = {"seconds": wish.seconds} if wish.seconds is not None else {}
    memory = {} if wish.memory else {"memory": False}
    at_once = wish.kind in (Kind.PROTECT, Kind.UNPROTECT)
    return machine.begin(
        State.CONFIRMED if at_once else State.QUEUED, kind=wish.kind, account=sandbox.account, sandbox=sandbox,
        actor_kind=wish.actor.kind, actor_name=wish.actor.name, bulk_id=wish.bulk_id, reason=wish.reason,
        parameters=seconds | until | memory, requested_at=wish.at, next_attempt_at=None if at_once else wish.at,
    )  # fmt: skip


def _join(action: Action, wish: Wish) -> None:
    """A person's word makes an open action theirs too: grace ends now, and no lease or policy change undoes it."""
    word = {"kind": wish.actor.kind, "name": wish.actor.name, "reason": wish.reason, "at": wish.at.isoformat()}
    action.joined = [*action.joined, word]
    if action.state in machine.CANCELLABLE:
        machine.move(action, machine.JOIN, next_attempt_at=wish.at)


def _supersede(of_guard: list[Action], wish: Wish) -> None:
    """What was waiting for this sandbox gives way to the kill or pause that a person wants now."""
    for action in of_guard:
        mark_outlasts = action.kind == Kind.KILL and wish.kind == Kind.PAUSE
        if action.state in machine.CANCELLABLE and not mark_outlasts:
            close(action, outcome=f"superseded by a {wish.kind}")


# One statement for a whole chunk, where a save each would be two round trips a sandbox.
_SENTENCE = """
    UPDATE sandboxes_guard g SET condemned_by_id = n.action
    FROM unnest(%(guards)s::bigint[], %(actions)s::bigint[]) AS n(guard, action)
    JOIN sandboxes_action a ON a.id = n.action
    WHERE g.id = n.guard AND NOT EXISTS (
        SELECT FROM sandboxes_action c
        WHERE c.id = g.condemned_by_id AND c.account_id <> a.account_id AND c.state IN ('sent', 'done')
    )
"""
