"""What the application's word does: who is not called dead is spared, and the record says why."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sandboxes.cleanup.owner_callback.asking import Heard, hear
from sandboxes.models import Account, OwnerCallback, Policy, Verdict

RULE = "owner_callback"
AGAIN = timedelta(seconds=60)  # one that was spared before its mark is asked about again after so long


def before_mark(policy: Policy, account: Account, ids: Mapping[int, str], now: datetime) -> set[int]:
    """Of these sandboxes (IDs by key), each held by an open verdict of `policy`, the ones that may be marked.

    Without a callback all of them. The others' verdicts say why they were spared.
    """
    callback = _callback_of(account)
    if callback is None:
        return set(ids)
    verdicts = {
        verdict.sandbox_id: verdict for verdict in Verdict.objects.filter(policy=policy, until=None, sandbox__in=ids)
    }
    lately = {
        key for key, held in verdicts.items() if held.spared_why and held.asked_at and held.asked_at > now - AGAIN
    }
    asked = {key: name for key, name in ids.items() if key not in lately}
    heard = _hear(callback, account, list(asked.values()), "mark")
    moved = []
    for key, name in asked.items():
        if key in verdicts:
            verdicts[key].asked_at, verdicts[key].spared_why = now, heard.alive.get(name, "")
            moved.append(verdicts[key])
    Verdict.objects.bulk_update(moved, ["asked_at", "spared_why"], batch_size=1000)
    return {key for key, name in asked.items() if name in heard.dead}


def before_act(account: Account, ids: Sequence[str]) -> Mapping[str, str]:
    """Why some of these may not be acted on after all, by ID; empty without a callback."""
    callback = _callback_of(account)
    return {} if callback is None else _hear(callback, account, ids, "act").alive


def _callback_of(account: Account) -> OwnerCallback | None:
    return OwnerCallback.objects.filter(account=account, enabled=True).first()


def _hear(callback: OwnerCallback, account: Account, ids: Sequence[str], before: str) -> Heard:
    if not ids:
        return Heard()
    began = datetime.now(UTC)
    heard = hear(callback, account.name, ids, before)
    told = {"asked_at": began, "error": "; ".join(heard.errors)}
    if not heard.errors:
        told["answered_at"] = datetime.now(UTC)
    OwnerCallback.objects.filter(pk=callback.pk).update(**told)
    return heard
