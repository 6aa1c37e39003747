"""Our pauses that began quarantines, each with the signs of life that its sandbox has given since."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Max

from sandboxes.base.clock import of_record, on_backend
from sandboxes.models import Action, ExecutionEnd
from sandboxes.policies import OurPause, SignOfLife

Kind, State = Action.Kind, Action.State
# What a person or a program asked for through us, whatever came of it.
WANTED = {Kind.RESUME: "a resume was requested", Kind.EXTEND: "an extension was requested",
          Kind.TIMEOUT: "a timeout was requested"}  # fmt: skip


def our_pauses(marks: Sequence[Action], offset: timedelta) -> dict[int, OurPause]:
    """For marks that end a quarantine, the pause that began it, by the mark's key. `offset`: E2B's clock minus ours."""
    keys = {mark.pk: mark.quarantine_of_id for mark in marks if mark.quarantine_of_id is not None}
    pauses = {pause.pk: pause for pause in Action.objects.filter(pk__in=keys.values()).select_related("sandbox")}
    moved = _moved_ends([pause.sandbox_id for pause in pauses.values()])
    wanted = _wanted(list(pauses.values()))
    found = {}
    for mark, key in keys.items():
        pause = pauses.get(key)
        if pause is None:
            continue  # not on record any more: nothing proves that it is still our pause
        sent_at = on_backend(pause.sent_at or pause.requested_at, offset)
        end_moved = moved.get(pause.sandbox_id)
        signs = [SignOfLife("its timeout was set", of_record(end_moved))] if end_moved else []
        signs += [SignOfLife(what, on_backend(at, offset)) for what, at in wanted.get(pause.sandbox.lock_id, [])]
        answered_at = max(sent_at, on_backend(pause.answered_at or pause.requested_at, offset))
        found[mark] = OurPause(sent_at, answered_at, tuple(signs))
    return found


def _moved_ends(sandboxes: Sequence[int]) -> Mapping[int, datetime]:
    """When the end of each was set last."""
    return dict(ExecutionEnd.objects.filter(sandbox__in=sandboxes).values_list("sandbox").annotate(Max("at")))


def _wanted(pauses: Sequence[Action]) -> Mapping[int, list[tuple[str, datetime]]]:
    """What was asked for of each lock's sandbox, under any account."""
    locks = [pause.sandbox.lock_id for pause in pauses]
    rows = Action.objects.filter(sandbox__lock__in=locks, kind__in=WANTED).exclude(state=State.CANCELLED)
    found: dict[int, list[tuple[str, datetime]]] = {}
    for lock, kind, at in rows.values_list("sandbox__lock_id", "kind", "requested_at"):
        found.setdefault(lock, []).append((WANTED[Kind(kind)], at))
    return found
