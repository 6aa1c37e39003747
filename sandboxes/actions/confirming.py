"""From answer to fact: confirmed by the record (its event, or absence and a 404), by a look, or an alarm once."""

import logging
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from sandboxes.actions import machine
from sandboxes.actions.settling import confirm, fail, locked, locked_all, store
from sandboxes.actions.verify import each, looks
from sandboxes.base.clock import on_backend
from sandboxes.core.accounts import clock_offset
from sandboxes.e2b import E2BError, NotFound, SandboxInfo
from sandboxes.models import Account, Action, Sandbox

MOST_LOOKS = 5  # the first soon after the answer, then 10, 20, 40 and 80 s apart
END_SLACK = timedelta(seconds=20)
MOST_AT_ONCE = 500
RETURNS_WITHIN = timedelta(hours=24)
WAKES_WITHIN = timedelta(days=30)  # a quarantine is that long at most in life

log = logging.getLogger(__name__)
Kind, State = Action.Kind, Action.State
ENDED, PAUSED, RUNNING = Sandbox.State.ENDED, Sandbox.State.PAUSED, Sandbox.State.RUNNING


async def confirm_answered(account: Account) -> None:
    """Confirms what the account's record shows, and looks at what it does not show in time."""
    await sync_to_async(_by_record)(account, datetime.now(UTC))
    for action, seen in await looks(account, State.DONE):
        await each(action, _by_look, seen)


async def notice_reversed() -> None:
    """Alarms for what was confirmed and is so no longer: killed ones that are back, paused ones that run."""
    now = datetime.now(UTC)
    for notice in (_notice_returned, _notice_woken):
        try:
            await sync_to_async(notice)(now)
        except Exception:
            log.exception("%s could not be finished; it is tried again in the next round", notice.__name__)


def _by_record(account: Account, now: datetime) -> None:
    """The fold has taken in the event of it, or its absence from a complete list after a 404.

    What the record shows on our action's word alone (`by_action`) confirms nothing.
    """
    shown = (
        Q(kind=Kind.KILL, sandbox__state=ENDED, sandbox__by_action=False)
        | Q(kind=Kind.PAUSE, sandbox__state__in=[PAUSED, ENDED], sandbox__by_action=False)
        | Q(kind=Kind.RESUME, sandbox__state=RUNNING)
    )
    done_here = Action.objects.filter(shown, account=account, state=State.DONE)
    keys = list(done_here.values_list("pk", flat=True)[:MOST_AT_ONCE])
    if not keys:
        return
    with transaction.atomic():
        done = [action for action in locked_all(keys) if action.state == State.DONE]
        for action in done:
            confirm(action, now)
        store(done)


@transaction.atomic
def _by_look(looked_at: Action, seen: SandboxInfo | E2BError) -> None:
    action, now = locked(looked_at.pk), datetime.now(UTC)
    if action.state != State.DONE:
        return
    is_gone = isinstance(seen, NotFound) and action.kind == Kind.KILL and _is_off_the_list(action)
    if is_gone or (isinstance(seen, SandboxInfo) and _is_fact(action, seen)):
        confirm(action, now)
        store([action])
        return
    counts = isinstance(seen, SandboxInfo) or (isinstance(seen, NotFound) and action.kind != Kind.KILL)
    if isinstance(seen, NotFound) and action.kind == Kind.KILL:
        counts = _still_listed(action)  # E2B's own words differ; else the next complete list settles it
    number = action.checks + (1 if counts else 0)
    if number >= MOST_LOOKS:
        fail(action, _alarm(action, seen), "not_confirmed")
        store([action])
        return
    action.checks, action.next_attempt_at = number, now + timedelta(seconds=5.0 * 2 ** min(number, 4))
    machine.store([action])


def _is_fact(action: Action, seen: SandboxInfo) -> bool:
    if action.kind in (Kind.PAUSE, Kind.RESUME):
        return seen.state == (PAUSED if action.kind == Kind.PAUSE else RUNNING)
    if action.kind not in (Kind.TIMEOUT, Kind.EXTEND) or action.answered_at is None:
        return False
    expected = action.answered_at + timedelta(seconds=action.parameters.get("seconds", 0))
    early = seen.end_at is not None and seen.end_at < expected - END_SLACK
    late = seen.end_at is not None and seen.end_at > expected + END_SLACK
    return not early and not (late and action.kind == Kind.TIMEOUT)


def _still_listed(action: Action) -> bool:
    """Whether a complete list that was asked for after the answer still shows the sandbox."""
    return action.sandbox.state != ENDED and _was_listed_since(action)


def _is_off_the_list(action: Action) -> bool:
    """Whether a complete list that was asked for after the answer no longer shows it: with a 404 that is the end."""
    return action.sandbox.state == ENDED and _was_listed_since(action)


def _was_listed_since(action: Action) -> bool:
    health = getattr(action.account, "health", None)
    asked = health.last_sync_at if health is not None else None
    return asked is not None and action.answered_at is not None and asked > action.answered_at


def _alarm(action: Action, seen: SandboxInfo | E2BError) -> str:
    if isinstance(seen, NotFound):
        where = "E2B's list still shows it" if action.kind == Kind.KILL else "the sandbox is gone"
    else:
        state = seen.state if isinstance(seen, SandboxInfo) else "unknown"
        where = f"{MOST_LOOKS} checks later the sandbox is {state or 'still there'}"
    return f"E2B answered {action.outcome!r} to the {action.kind}, but {where}. Nothing more is sent automatically"


def _notice_returned(now: datetime) -> None:
    """A killed sandbox that lives again is an alarm, once: whoever ends it next decides so anew.

    A new sandbox under its ID, begun after the answer to the kill, is none: it only is no longer condemned.
    """
    returned = Action.objects.filter(
        kind=Kind.KILL, state=State.CONFIRMED, confirmed_at__gte=now - RETURNS_WITHIN
    ).exclude(sandbox__state=ENDED)
    listed_again = returned.filter(sandbox__account__health__last_sync_at__gt=F("confirmed_at"))
    for pk in list(listed_again.exclude(id_reused=True).values_list("pk", flat=True)):
        with transaction.atomic():
            action = locked(pk)
            if action.state == State.CONFIRMED and action.sandbox.state != ENDED:
                if _is_new_life(action):
                    action.id_reused = True
                    store([action])
                    continue
                fail(action, "It was killed and confirmed gone, and has come back. Nothing more is sent", "came_back")
                store([action])


def _is_new_life(action: Action) -> bool:
    """Whether what lives under this ID began after the kill was answered, by the backend's clock."""
    answered_at = action.answered_at or action.confirmed_at
    return answered_at is not None and action.sandbox.created_at > on_backend(answered_at, clock_offset(action.account))


def _notice_woken(now: datetime) -> None:
    """What a policy had paused and nobody of ours has resumed runs again: an alarm, once, and no pause after pause."""
    ours = Action.objects.filter(
        kind=Kind.RESUME, sandbox__lock_id=OuterRef("sandbox__lock_id"), requested_at__gte=OuterRef("requested_at")
    )
    paused = Action.objects.filter(
        kind=Kind.PAUSE, state=State.CONFIRMED, actor_kind="policy", confirmed_at__gte=now - WAKES_WITHIN
    ).filter(joined=[])
    woken = paused.filter(sandbox__state=RUNNING, sandbox__started_at__gt=F("sent_at")).exclude(Exists(ours))
    for pk in list(woken.values_list("pk", flat=True)):
        with transaction.atomic():
            action = locked(pk)
            if action.state == State.CONFIRMED and action.sandbox.state == RUNNING:
                why = "it resumes on traffic (autoResume)" if action.sandbox.auto_resume else "somebody has resumed it"
                fail(action, f"It was paused and runs again: {why}. Nothing more is sent", "woke_again")
                store([action])
