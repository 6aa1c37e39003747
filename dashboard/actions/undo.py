"""What a toast offers to take back: only what another request of ours undoes exactly as it was."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Any, Final

from django.urls import reverse

from sandboxes.models import Sandbox, SandboxLock

MOST: Final = 200  # what fits a form; of more the audit trail tells
Undo = dict[str, Any]


def protected_before(keys: Sequence[int], now: datetime) -> dict[int, SandboxLock]:
    """By key, the protection of those that have one now, before it is changed."""
    found = Sandbox.objects.filter(pk__in=list(keys)[: MOST + 1], lock__protected=True).select_related("lock")
    return {one.pk: one.lock for one in found if not one.lock.protected_until or one.lock.protected_until > now}


def undo_of(kind: str, keys: Sequence[int], before: dict[int, SandboxLock], now: datetime) -> Undo | None:
    """`{"url","values"}` of the request that undoes `kind` on `keys`; None where nothing does.

    Whoever was protected before stays so, with the reason and the end that it had.
    """
    if kind == "protect":
        fresh = [key for key in keys if key not in before]
        return _act("unprotect", fresh) if fresh and len(keys) <= MOST and len(fresh) == len(keys) else None
    if kind == "unprotect" and len(keys) == 1 and (lock := before.get(keys[0])):
        until = lock.protected_until
        minutes = {"minutes": str(ceil((until - now).total_seconds() / 60))} if until else {}
        return _act("protect", keys, reason=lock.protected_reason, **minutes)
    return None


def _act(kind: str, keys: Sequence[int], **more: str) -> Undo:
    return {"url": reverse("act"), "values": {"kind": kind, "key": [str(key) for key in keys], **more}}
