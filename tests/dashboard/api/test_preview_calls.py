"""`POST /policies/preview`: whom a policy would hit now, what changes, and what it would have done last week."""

from datetime import datetime, timedelta

import pytest

from sandboxes.models import Action, Execution, ExecutionEnd, Heartbeat, MetricSeries, Policy, Sandbox
from tests.support import records
from tests.support.lived import NOW, ago, lived, run


def old(seconds=3600, **fields):
    return {
        "name": "old",
        "action": "kill",
        "grace_seconds": 0,
        "orphan_when": {"older_than_seconds": seconds},
    } | fields


@pytest.fixture(autouse=True)
def watched(db):
    records.price()
    lived(ago(days=9), ago(days=8))  # the record reaches all the way back
    Heartbeat.objects.update_or_create(name="api", defaults={"at": NOW, "up_since": NOW})


def test_it_says_who_would_be_hit_and_why_and_by_what_the_others_are_spared(call):
    one = lived(ago(hours=2), burn_usd_per_hour="0.110000")
    lived(ago(minutes=5))
    lived(ago(hours=2), metadata={"keep": "true"})
    found = call("POST", "/policies/preview", old()).data
    assert (found["evaluated"], found["fleet"]) == (3, 3)
    assert found["hit"]["count"] == 1
    assert found["hit"]["usd_per_hour"] == 0.11
    (hit,) = found["hit"]["items"]
    assert hit["id"] == one.sandbox_id
    assert hit["reasons"][0]["rule"] == "older_than_seconds"
    assert "running for 2 h" in hit["reasons"][0]["evidence"]
    assert found["spared"] == {"count": 2, "by_rule": {"older_than_seconds": 1, "metadata.keep": 1}}


def test_it_says_what_changes_against_the_stored_version(call):
    middling, oldest = lived(ago(hours=2)), lived(ago(hours=20))
    assert call("POST", "/policies", old(3600 * 10)).status_code == 201
    changed = call("POST", "/policies/preview", old(3600)).data["versus_current"]
    assert changed == {"version": 1, "newly_hit": [middling.sandbox_id], "no_longer_hit": []}
    back = call("POST", "/policies/preview", old(3600 * 30)).data["versus_current"]
    assert back == {"version": 1, "newly_hit": [], "no_longer_hit": [oldest.sandbox_id]}
    assert call("POST", "/policies/preview", old(3600) | {"name": "new"}).data["versus_current"]["version"] is None


def test_the_breakers_word_is_told_before_it_trips(call):
    for _ in range(6):
        lived(ago(hours=2))
    found = call("POST", "/policies/preview", old()).data
    assert found["would_be_refused"] is True
    assert "6 of 6 living" in next(one["why"] for one in found["brakes"] if one["what"] == "breaker")


def test_last_week_tells_whom_it_would_have_killed_and_what_that_had_saved(call):
    lived(ago(days=3), ago(days=3) + timedelta(hours=2))
    lived(ago(days=2), ago(days=2) + timedelta(minutes=30))
    past = call("POST", "/policies/preview", old(3600)).data["history"]
    assert past["would_have_hit"] == 1
    assert past["showed_life_after"] == 0
    # An hour of 2 vCPU and 1 GiB.
    assert past["saved_usd"] == pytest.approx((2 * 0.000014 + 0.0000045) * 3600, abs=1e-6)
    (item,) = past["items"]
    assert datetime.fromisoformat(item["acted_at"]) == ago(days=3) + timedelta(hours=1)
    assert sum(hour["would_have_hit"] for hour in past["by_hour"]) == 1
    assert len(past["by_hour"]) in {168, 169}
    assert past["max_in_one_run"] == 1


def test_a_resume_after_the_kill_is_life(call):
    woken = lived(ago(days=3), ago(days=3) + timedelta(hours=2), ended_at=None, state="paused")
    Execution.objects.filter(sandbox=woken).update(ended_by="paused")
    run(woken, ago(days=1), ago(hours=23))
    past = call("POST", "/policies/preview", old(3600)).data["history"]
    assert (past["would_have_hit"], past["showed_life_after"]) == (1, 1)
    assert past["items"][0]["showed_life_after"]["what"] == "resumed"


def test_a_moved_timeout_after_the_kill_is_life(call):
    made = lived(ago(days=3), ago(days=3) + timedelta(hours=9))
    for hours in (0, 2):
        at = ago(days=3) + timedelta(hours=hours)
        ExecutionEnd.objects.create(sandbox=made, at=at, end_at=at + timedelta(hours=5))
    past = call("POST", "/policies/preview", old(3600)).data["history"]
    assert past["items"][0]["showed_life_after"]["what"] == "timeout_moved"


def test_cpu_after_the_kill_is_life_and_quiet_after_it_is_not(call):
    busy, quiet = (lived(ago(days=2), ago(days=2) + timedelta(hours=9)) for _ in range(2))
    hour = (ago(days=2) + timedelta(hours=3)).replace(minute=0, second=0)
    for made, cpu in ((busy, [100, 2500]), (quiet, [100, 150])):
        MetricSeries.objects.create(
            sandbox=made, hour=hour, source="poll", step_seconds=5, offsets=[600, 605], cpu=cpu, mem=[1, 1],
            disk=[1, 1], cpu_max=max(cpu), mem_max=1,
        )  # fmt: skip
    items = call("POST", "/policies/preview", old(3600)).data["history"]["items"]
    told = {item["id"]: item["showed_life_after"] for item in items}
    assert told[busy.sandbox_id]["what"] == "cpu"
    assert datetime.fromisoformat(told[busy.sandbox_id]["at"]) == hour + timedelta(seconds=605)
    assert told[quiet.sandbox_id] is None


def test_the_sweep_tries_other_limits(call):
    lived(ago(days=3), ago(days=3) + timedelta(minutes=50))
    lived(ago(days=3), ago(days=3) + timedelta(minutes=100))
    found = call("POST", "/policies/preview", old(3600), sweep="older_than_seconds").data["sweep"]
    assert [(one["value"], one["would_have_hit"]) for one in found] == [
        (1800, 2), (2700, 2), (3600, 1), (5400, 1), (7200, 0)
    ]  # fmt: skip


def test_a_sweep_of_what_is_no_number_is_refused(call):
    answer = call("POST", "/policies/preview", old(3600), sweep="match")
    assert answer.status_code == 400
    assert "older_than_seconds" in answer.data["message"]


def test_a_bad_policy_is_refused_as_when_it_is_saved(call):
    answer = call("POST", "/policies/preview", {"name": "x", "orphan_when": {}})
    assert answer.status_code == 400
    assert "orphan_when is empty" in answer.data["message"]


def test_it_says_how_far_the_record_reaches(call):
    Execution.objects.all().delete()
    Sandbox.objects.all().delete()
    lived(ago(hours=5), ago(hours=3), first_seen_at=ago(hours=4))
    past = call("POST", "/policies/preview", old(3600)).data["history"]
    assert datetime.fromisoformat(past["from"]) == ago(hours=4)


def test_preview_changes_nothing(call):
    lived(ago(hours=2))
    call("POST", "/policies/preview", old(enabled=True, mode="enforce"))
    assert not Policy.objects.filter(name="old").exists()
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("how", "wake"), [({"action": "pause"}, 1), ({"quarantine_seconds": 60}, 1), ({"action": "kill"}, 0)]
)
def test_before_a_pause_it_says_how_many_wake_on_traffic(call, how, wake):
    lived(ago(hours=2), auto_resume=True)
    lived(ago(hours=2), auto_resume=False)
    lived(ago(minutes=5), auto_resume=True)
    found = call("POST", "/policies/preview", old(**how)).data["hit"]
    assert (found["count"], found["wake"]) == (2, wake)
