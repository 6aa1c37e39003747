"""An account's part of a round ends before its task's budget: only then is its error written to its health."""

import pytest

from events import causes, observe, own_acts, reconcile, tasks
from events.webhooks import upkeep
from sandboxes.core import rounds


@pytest.mark.parametrize(
    ("work", "budget"),
    [
        (observe.sync_all, tasks.SYNC_SECONDS),
        (reconcile.reconcile_all, tasks.RECONCILE_SECONDS),
        (own_acts.take_in, tasks.ANSWERS_SECONDS),
        (causes.look_at_all, tasks.CAUSES_SECONDS),
        (upkeep.tend_all, tasks.WEBHOOK_SECONDS),
    ],
)
async def test_deadline_of_an_account_is_within_its_tasks_budget(account, monkeypatch, settings, work, budget):
    settings.SYNC_INTERVAL_SECONDS = settings.RECONCILE_INTERVAL_SECONDS = 3600
    given = []

    async def noted(*_, deadline_seconds):
        given.append(deadline_seconds)
        return {}

    for name in ("for_each_account", "side_by_side"):
        monkeypatch.setattr(rounds, name, noted)
    await work()
    assert len(given) == 1
    assert given[0] <= budget - 5
