"""What a process remembers is bounded."""

from typing import Any

import pytest

from sandboxes.base.recent import Recent
from sandboxes.e2b import BulkMetrics
from sandboxes.metrics.polling import Part, asking
from sandboxes.metrics.series import frame_store
from sandboxes.metrics.series.frame import Running
from sandboxes.models import Account
from tests.support.records import NOW


def test_the_key_used_longest_ago_goes_first() -> None:
    held = Recent[str, int](2)
    held.set("a", 1)
    held.set("b", 2)
    assert held.get("a") == 1
    held.set("c", 3)
    assert (held.keys(), held.get("b"), "b" in held, len(held)) == (["a", "c"], None, False, 2)
    held.set("a", 4)
    held.set("d", 5)
    assert (held.get("a"), held.get("c")) == (4, None)


class Backend:
    """Calls one ID malformed; notes which are asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def latest_metrics(self, ids: list[str], *, deadline_seconds: float) -> Any:
        self.asked.append(list(ids))
        return BulkMetrics({}, tuple(one for one in ids if one == "BAD"), (), 1, ())


async def test_refused_ids_are_remembered_while_they_run_and_forgotten_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "refused_by_part", Recent(asking.PARTS_HELD))
    account, backend = Account(pk=7, capabilities={}), Backend()
    both, good = [_running(1, "BAD"), _running(2, "good")], [_running(2, "good")]
    for running in (both, both, good, both):
        await asking.ask(backend, account, Part(account.pk), NOW, running, 1.0)  # type: ignore[arg-type]
    assert backend.asked == [["BAD", "good"], ["good"], ["good"], ["BAD", "good"]]


def _running(key: int, sandbox_id: str) -> Running:
    return Running(key, sandbox_id, int(NOW.timestamp()))


def test_old_layouts_of_parts_are_let_go() -> None:
    for held in (frame_store._written, asking.refused_by_part):
        for shards in range(1, 1_000):
            held.set(Part(-1, 0, shards), (0, {}))  # type: ignore[arg-type]
        assert len(held) == frame_store.PARTS_HELD
        held.clear()
