"""Time travel: states from runs, figures from the tick that answers, and a word when no tick does."""

from datetime import timedelta

import pytest

from sandboxes.fleet import figures as fleet
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def ran(sandbox, start, end=None):
    sandbox.executions.create(key=str(start), started_at=start, ended_at=end)
    return sandbox


def test_it_works():
    records.price()
    one = ran(records.sandbox("one", owner="u1", environment="prod"), NOW - HOUR)
    ran(records.sandbox("two"), NOW - HOUR)
    tick = NOW - timedelta(seconds=3)
    records.frame({one.pk: Reading(12.5, 128)}, at=tick)
    then = fleet.at(NOW)
    assert (then.t, then.exact_t, then.running, then.paused, then.next) == (NOW, tick, 2, 0, None)
    first, second = then.items
    assert (first.id, first.state, first.owner, first.environment) == ("one", "running", "u1", "prod")
    assert (first.cpu_pct, first.mem_used, first.mem_total) == (12.5, 128 * 2**20, 512 * 2**20)
    assert float(first.burn_usd_per_hour) == pytest.approx(0.1089, abs=1e-6)
    assert (second.id, second.cpu_pct, second.mem_used) == ("two", None, None)


def test_states_are_those_of_then():
    start = NOW - 5 * HOUR
    paused = records.sandbox("paused-then", created_at=start, started_at=start + 3 * HOUR)
    ran(paused, start, start + HOUR)
    ran(paused, start + 3 * HOUR)
    ran(records.sandbox("ended-since", started_at=start, state="ended", ended_at=NOW), start, NOW)
    ran(records.sandbox("not-yet", started_at=NOW), NOW)
    then = fleet.at(start + 2 * HOUR)
    assert {item.id: item.state for item in then.items} == {"paused-then": "paused", "ended-since": "running"}
    assert (then.running, then.paused) == (1, 1)
    assert next(item for item in then.items if item.state == "paused").burn_usd_per_hour == 0


def test_before_our_first_frame_there_are_states_without_figures():
    one = ran(records.sandbox("one", started_at=NOW - 5 * HOUR), NOW - 5 * HOUR)
    records.frame({one.pk: Reading(12.5, 128)})
    then = fleet.at(NOW - 2 * HOUR)
    assert then.exact_t is None
    assert [(item.state, item.cpu_pct) for item in then.items] == [("running", None)]


def test_a_frame_after_the_moment_does_not_answer_for_it():
    one = ran(records.sandbox("one"), NOW - HOUR)
    records.frame({one.pk: Reading(1.0)}, at=NOW)
    records.frame({one.pk: Reading(2.0)}, at=NOW + timedelta(seconds=5))
    assert fleet.at(NOW + timedelta(seconds=4)).items[0].cpu_pct == 1.0


def test_orphans_are_those_of_then():
    one = ran(records.sandbox("one"), NOW - HOUR)
    records.verdict(one)
    assert fleet.at(NOW).items[0].orphan is True
    assert fleet.at(NOW - timedelta(minutes=1)).items[0].orphan is False


def test_pages_meet_and_end():
    for _ in range(5):
        ran(records.sandbox(), NOW - HOUR)
    found, cursor = [], None
    while True:
        page = fleet.at(NOW, limit=2, cursor=cursor)
        assert page.running == 5
        found += [item.id for item in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 5


def test_a_cursor_that_is_not_ours_is_refused():
    with pytest.raises(ValueError, match="not valid"):
        fleet.at(NOW, cursor="1; DROP TABLE")


def test_latest_frames_are_one_a_shard():
    one = records.sandbox().pk
    for seconds, shard in ((0, 0), (1, 1), (5, 0), (6, 1)):
        records.frame({one: Reading(float(seconds))}, at=NOW + timedelta(seconds=seconds), shard=shard, shards=2)
    latest = fleet.latest_frames([records.account().pk], NOW + timedelta(minutes=5))
    assert [(frame.shard, frame.cpu) for frame in latest] == [(0, [500]), (1, [600])]
    earlier = fleet.latest_frames([records.account().pk], NOW + timedelta(seconds=4))
    assert [(frame.shard, frame.cpu) for frame in earlier] == [(0, [0]), (1, [100])]
