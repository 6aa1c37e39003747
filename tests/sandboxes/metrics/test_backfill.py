"""The back-fill: the backend's own history, only where we hold nothing, once, and a little at a time."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from sandboxes.metrics import polling
from sandboxes.metrics.series import backfill, compact_all, sandbox_metrics
from sandboxes.models import FleetMinute, MetricFrame, MetricSeries, Sandbox
from simulator import Fault, ManualClock, empty
from simulator.served import served
from tests.support import records
from tests.support.watching import account_at, on_record, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
HOUR = 3600


@pytest.fixture
def stack():
    """A served simulator, three hours of which have passed; its clock has come to ours and stands there."""
    with served(empty(), ManualClock(time.time() - 3 * HOUR)) as it:
        yield it


@pytest.fixture
def account(stack):
    records.price()
    return account_at(stack)


def fill(account) -> backfill.Round:
    return run(backfill.backfill(account, datetime.now(UTC)))


def test_a_sandbox_gets_the_past_from_before_we_watched(stack, account):
    simulated = stack.simulator.create(timeout=6 * HOUR)
    stack.simulator.advance(3 * HOUR)
    kept = on_record(account, simulated)
    assert fill(account).calls == 1
    rows = MetricSeries.objects.filter(sandbox=kept)
    assert {row.source for row in rows} == {"backfill"}
    columns = sandbox_metrics(kept.pk, kept.started_at, datetime.now(UTC))
    assert len(columns.t) == pytest.approx(3 * HOUR / 30, abs=4)
    assert None not in columns.cpu_pct
    assert Sandbox.objects.get().backfilled_from == kept.started_at.replace(microsecond=0)


def test_the_newest_bucket_is_left_out(stack, account):
    simulated = stack.simulator.create(timeout=6 * HOUR)
    stack.simulator.advance(3 * HOUR)
    kept = on_record(account, simulated)
    fill(account)
    columns = sandbox_metrics(kept.pk, kept.started_at, datetime.now(UTC))
    assert columns.t[-1] + 30 <= time.time()


def test_a_second_round_asks_for_nothing(stack, account):
    simulated = stack.simulator.create(timeout=6 * HOUR)
    stack.simulator.advance(3 * HOUR)
    on_record(account, simulated)
    fill(account)
    before = list(MetricSeries.objects.values())
    assert fill(account).calls == 0
    Sandbox.objects.update(backfilled_from=None)
    again = fill(account)
    assert again.calls <= 1, "only what came since"
    assert (
        list(MetricSeries.objects.order_by("hour").values("offsets"))[:3]
        == [{"offsets": row["offsets"]} for row in sorted(before, key=lambda row: row["hour"])][:3]
    )


def test_only_the_part_before_our_own_frames_is_filled(stack, account):
    simulated = stack.simulator.create(timeout=6 * HOUR)
    stack.simulator.advance(2 * HOUR)
    kept = on_record(account, simulated)
    two_hours = stack.simulator.now()
    for minute in range(int(two_hours) // 60, int(two_hours) // 60 + 61):
        records.frame({kept.pk: records.Reading(5.0)}, at=datetime.fromtimestamp(minute * 60 + 59, UTC), of=account)
    stack.simulator.advance(HOUR)
    fill(account)
    filled = MetricSeries.objects.filter(source="backfill")
    last = max(int(row.hour.timestamp()) + row.offsets[-1] for row in filled)
    assert two_hours - 120 < last < two_hours


def test_the_ended_ones_of_the_day_are_filled_too(stack, account):
    simulated = stack.simulator.create(timeout=HOUR)
    stack.simulator.advance(3 * HOUR)
    kept = on_record(account, simulated)
    assert kept.state == "ended"
    fill(account)
    assert kept.ended_at is not None
    columns = sandbox_metrics(kept.pk, kept.started_at, kept.ended_at)
    assert len(columns.t) > 100


def test_newborns_are_left_to_the_poll(stack, account):
    stack.simulator.advance(3 * HOUR - 30)
    simulated = stack.simulator.create()
    stack.simulator.advance(30)
    on_record(account, simulated)
    assert fill(account).done == []


def test_a_round_is_bounded(stack, account, monkeypatch):
    made = [stack.simulator.create(timeout=6 * HOUR) for _ in range(9)]
    stack.simulator.advance(3 * HOUR)
    for simulated in made:
        on_record(account, simulated)
    monkeypatch.setattr(backfill, "CALLS", 4)
    assert fill(account).calls == 4
    assert Sandbox.objects.filter(backfilled_from=None).count() == 5
    fill(account)
    fill(account)
    assert not Sandbox.objects.filter(backfilled_from=None).exists()


def test_a_backend_that_refuses_is_tried_again_later(stack, account):
    simulated = stack.simulator.create(timeout=6 * HOUR)
    stack.simulator.advance(3 * HOUR)
    on_record(account, simulated)
    stack.simulator.faults.add(Fault(401, path="/sandboxes/"))
    assert fill(account).done == []
    assert Sandbox.objects.get().backfilled_from is None
    stack.simulator.faults.clear()
    assert len(fill(account).done) == 1


def test_the_fleet_s_minutes_get_a_past(stack, account):
    made = [stack.simulator.create(timeout=6 * HOUR) for _ in range(3)]
    stack.simulator.advance(HOUR)
    short = stack.simulator.create(timeout=HOUR / 2)
    stack.simulator.advance(2 * HOUR)
    for simulated in (*made, short):
        on_record(account, simulated)
    fill(account)
    minutes = FleetMinute.objects.filter(source="backfill").order_by("minute")
    assert minutes.count() == pytest.approx(180, abs=2)
    assert sum(minute.started for minute in minutes) == 4
    assert sum(minute.ended for minute in minutes) == 1
    amid = minutes[75]
    assert (amid.running, amid.paused, amid.samples, sum(amid.cpu_hist), sum(amid.mem_hist)) == (4, 0, 4, 4, 4)
    assert minutes[150].samples == 3
    assert float(amid.burn_usd_per_hour) > 0


def test_what_was_polled_is_never_written_over(stack, account):
    simulated = stack.simulator.create(timeout=6 * HOUR)
    stack.simulator.advance(3 * HOUR)
    kept = on_record(account, simulated)
    at = datetime.now(UTC).replace(second=30, microsecond=0) - timedelta(minutes=30)
    records.frame({kept.pk: records.Reading(5.0)}, at=at, of=account)
    compact_all(datetime.now(UTC))
    polled = FleetMinute.objects.filter(source="poll").values().get()
    fill(account)
    assert FleetMinute.objects.filter(source="poll").values().get() == polled
    assert FleetMinute.objects.filter(source="backfill").count() > 100


def test_it_goes_on_after_we_were_away(stack, account, settings):
    """A poll that finds a hole opens the history again, and the back-fill closes the hole."""
    simulated = stack.simulator.create(timeout=6 * HOUR)
    stack.simulator.advance(3 * HOUR - 60)
    kept = on_record(account, simulated)
    Sandbox.objects.update(backfilled_from=kept.started_at)
    records.frame({kept.pk: records.Reading(5.0)}, at=datetime.now(UTC) - timedelta(hours=1), of=account)
    stack.simulator.advance(60)
    run(polling.poll(account))
    assert MetricFrame.objects.count() == 2
    assert fill(account).samples
    columns = sandbox_metrics(kept.pk, datetime.now(UTC) - timedelta(minutes=58), datetime.now(UTC))
    assert None not in columns.cpu_pct
