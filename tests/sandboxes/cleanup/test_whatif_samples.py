"""A replay of idleness reads samples step by step, and comes to what it would with all of them at once."""

from datetime import timedelta

import pytest

from sandboxes.cleanup.whatif import history, record, replay
from sandboxes.cleanup.whatif.samples import Samples
from sandboxes.metrics.series import rollup_hours
from sandboxes.models import MetricSeries
from sandboxes.policies import parse
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LIVED_HOURS = 30
STEP_SECONDS = 15


def policies():
    given = {"name": "idle", "action": "kill", "orphan_when": {"idle_cpu_below_pct": 2, "idle_for_seconds": 1800}}
    return [parse(given | {"grace_seconds": grace}) for grace in (0, 600, 5400)]


def lived(account, sandbox_id, hot):
    """One that ran for 30 hours, at work where `hot(second)` says so; all hours but the last two are rolled up."""
    began = NOW - LIVED_HOURS * HOUR
    key = records.sandbox(sandbox_id, of=account, created_at=began, started_at=began, first_seen_at=began).pk
    for hour in range(LIVED_HOURS):
        offsets = list(range(0, 3600, STEP_SECONDS))
        cpu = [5000 if hot(hour * 3600 + offset) else 90 for offset in offsets]
        MetricSeries.objects.create(
            sandbox_id=key, hour=began + hour * HOUR, source="poll", step_seconds=STEP_SECONDS, offsets=offsets,
            cpu=cpu, mem=cpu, disk=cpu, cpu_max=max(cpu), mem_max=max(cpu),
        )  # fmt: skip
    return key


@pytest.fixture
def fleet(monkeypatch):
    """Idle at once, after 20 hours, often but never for half an hour, and idle from a step's edge on."""
    account = records.account("prod")
    lived(account, "at-once", lambda second: second > 20_000)
    lived(account, "late", lambda second: second < 72_000)
    lived(account, "never", lambda second: second // 60 % 29 == 0)
    lived(account, "edge", lambda second: second < 3 * 3600 or second > 5 * 3600)
    rollup_hours.roll_up(NOW - 2 * HOUR)
    monkeypatch.setattr(record, "reach", lambda _accounts, start, _end, **_: start)
    return account


def told(account):
    found = replay(policies(), [account], NOW)
    return [
        ([(one.life.sandbox_id, one.marked_at, one.at, one.reasons()) for one in past.outcomes], past.most_in_one_run)
        for past in found
    ]


@pytest.mark.parametrize("first_hours", [1, 2, 5])
def test_however_far_is_read_at_first_the_answer_is_the_same(fleet, monkeypatch, first_hours):
    monkeypatch.setattr(history, "FIRST_HOURS", 1000)
    at_once = told(fleet)
    monkeypatch.setattr(history, "FIRST_HOURS", first_hours)
    assert told(fleet) == at_once
    assert [{one[0] for one in outcomes} for outcomes, _ in at_once] == [{"at-once", "late", "edge"}] * 3
    assert "idle_for_seconds" in {reason.rule for reason in at_once[0][0][0][3]}


def test_who_is_decided_early_is_not_read_on(fleet, monkeypatch):
    asked = []
    read_on = Samples.read_on

    def noted(it, keys, hours):
        asked.append(len(keys))
        read_on(it, keys, hours)

    monkeypatch.setattr(Samples, "read_on", noted)
    replay(policies()[:1], [fleet], NOW)
    assert asked[0] == 4
    assert asked[1] < 4
