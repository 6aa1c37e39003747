"""Who is an orphan and how far gone, as the pages show it; whatever changes it tells them the differences."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.db import transaction

from sandboxes.core import live
from sandboxes.core.accounts import fleets
from sandboxes.models import Account, Action, Verdict

Shown = dict[int, dict[int, tuple[str, datetime | None]]]


def shown(accounts: Sequence[Account]) -> Shown:
    """By account and sandbox key: `candidate`, `marked` (with the time of the act) or `condemned`."""
    found: Shown = {account.pk: {} for account in accounts}
    held = Verdict.objects.holding().filter(sandbox__account__in=accounts)
    for account, key, condemned in held.values_list(
        "sandbox__account_id", "sandbox_id", "sandbox__lock__pending_action_id"
    ):
        found[account][key] = ("condemned" if condemned else "candidate", None)
    in_grace = Action.objects.filter(state=Action.State.GRACE, account__in=accounts).order_by("-act_at")
    for account, key, act_at in in_grace.values_list("account_id", "sandbox_id", "act_at"):
        if found[account].get(key, ("candidate", None))[0] != "condemned":
            found[account][key] = ("marked", act_at)
    return found


@contextmanager
def told() -> Iterator[None]:
    """Whatever the block changes of policies, verdicts or marks is told to the pages once it is committed."""
    accounts = fleets()
    before = shown(accounts)
    yield
    transaction.on_commit(partial(tell, accounts, before))


def tell(accounts: Sequence[Account], before: Shown) -> None:
    """Publishes one "verdict" message an account where anything is different from `before`."""
    after = shown(accounts)
    for account in accounts:
        old, new = before[account.pk], after[account.pk]
        orphans = [
            {"key": key, "state": state, "act_at": act_at.timestamp() if act_at else None}
            for key, (state, act_at) in new.items()
            if old.get(key) != (state, act_at)
        ]
        cleared = [key for key in old if key not in new]
        if orphans or cleared:
            live.publish("verdict", account.pk, {"orphans": orphans, "cleared": cleared})
