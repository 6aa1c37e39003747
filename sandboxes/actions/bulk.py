"""One request for many: on record as a whole, then decided in chunks, each in the transaction that says how far it is.

Up to one chunk is decided before the answer, which then tells who was refused. More is left to a worker: a web request
would hold for a minute what takes a minute. Protection is never left: it has to hold from the moment it is answered.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from sandboxes.actions import announce
from sandboxes.actions.actor import Actor
from sandboxes.actions.permission import NEEDS, needs_seconds, not_in_state
from sandboxes.actions.requests import ActionRequest, take
from sandboxes.models import Action, BulkRequest, Sandbox

CHUNK = 500  # locks held at a time: an owner's lease waits for no more than that
TASK = "sandboxes.tasks.take_bulks"
KEPT = timedelta(days=2)  # longer than anybody repeats a call under its Idempotency-Key
AT_ONCE = (Action.Kind.PROTECT, Action.Kind.UNPROTECT)


@dataclass(frozen=True)
class Bulk:
    """What becomes of one request for many: `count` actions, joined ones too; `refused` (by key) are told why.

    Where a worker goes on (`waiting`), `count` are those in a state for it by our record; more may be refused.
    """

    bulk_id: uuid.UUID
    count: int
    refused: dict[int, str] = field(default_factory=dict)
    waiting: bool = False


def request_bulk(
    sandbox_pks: Sequence[int],
    kind: str,
    actor: Actor,
    *,
    seconds: int | None = None,
    until: datetime | None = None,
    reason: str = "",
    bulk_id: uuid.UUID | None = None,
    held: bool = False,
) -> Bulk:
    """Asks for `kind` for many. The same `bulk_id` again is the same request: nothing is asked for twice.

    `held`: it is written down and nothing of it is done until `release`.

    Raises ValueError for missing or bad `seconds`; nothing is raised for sandboxes in no state for it.
    """
    wanted, _ = BulkRequest.objects.get_or_create(
        bulk_id=bulk_id or uuid.uuid4(),
        defaults={
            "kind": kind, "actor_kind": actor.kind, "actor_name": actor.name, "until": until, "reason": reason,
            "seconds": needs_seconds(kind, seconds), "keys": sorted(set(sandbox_pks)), "requested_at": timezone.now(),
            "held": held,
        },
    )  # fmt: skip
    if wanted.held:
        return _foreseen(wanted)
    if len(wanted.keys) > CHUNK and kind not in AT_ONCE:
        announce.wake(TASK)
        return _foreseen(wanted)
    while carry_on(wanted.pk, wait=True):
        continue
    wanted.refresh_from_db()
    return Bulk(wanted.bulk_id, wanted.taken, {int(key): why for key, why in wanted.refused.items()})


def carry_on_all() -> int:
    """Decides all that is open, oldest first, and forgets what is long done; how many chunks it took."""
    BulkRequest.objects.filter(finished_at__lt=timezone.now() - KEPT).delete()
    chunks = 0
    for key in BulkRequest.objects.filter(finished_at=None, held=False).order_by("pk").values_list("pk", flat=True):
        while carry_on(key):
            chunks += 1
    return chunks


@transaction.atomic
def carry_on(wish_pk: int, *, wait: bool = False) -> bool:
    """Decides the next chunk; False when nothing is left, or (without `wait`) when another worker is at it."""
    rows = BulkRequest.objects.select_for_update(skip_locked=not wait)
    row = rows.filter(pk=wish_pk, finished_at=None).first()
    if row is None:
        return False
    chunk = row.keys[row.position : row.position + CHUNK]
    actor = Actor(row.actor_kind, row.actor_name)  # type: ignore[arg-type]
    wanted = ActionRequest(row.kind, actor, row.seconds, row.until, row.reason, row.bulk_id, row.requested_at)
    actions, refused = take(chunk, wanted)
    row.position += len(chunk)
    row.taken += len(actions)
    row.refused |= {str(key): why for key, why in refused.items()}
    row.finished_at = timezone.now() if row.position >= len(row.keys) else None
    row.save(update_fields=["position", "taken", "refused", "finished_at"])
    return row.finished_at is None


def release(bulk_id: str) -> bool:
    """Lets a held request go; False when it is over. Whoever calls wakes the worker once this is committed."""
    return bool(BulkRequest.objects.filter(bulk_id=bulk_id, finished_at=None).update(held=False))


def give_up(bulk_id: str, why: str) -> None:
    """Ends a held request: all its sandboxes are refused."""
    for row in BulkRequest.objects.select_for_update().filter(bulk_id=bulk_id, finished_at=None, held=True):
        row.refused, row.position = dict.fromkeys(map(str, row.keys), why), len(row.keys)
        row.finished_at = timezone.now()
        row.save(update_fields=["refused", "position", "finished_at"])


def _foreseen(wanted: BulkRequest) -> Bulk:
    """By the state on our record, without a lock."""
    states = dict(Sandbox.objects.filter(pk__in=wanted.keys).values_list("pk", "state"))
    unfit = {key: not_in_state(wanted.kind, state) for key, state in states.items() if state not in NEEDS[wanted.kind]}
    return Bulk(wanted.bulk_id, len(states) - len(unfit), unfit, waiting=True)
