"""`GET /policies/{id}/trust`: whom the policy would have acted on, who of them was used again, and by what."""

from datetime import datetime, timedelta

import pytest

from sandboxes.models import Action, Execution, FleetMinute, Lease, LeaseSpan, MetricSeries, Policy, Sandbox, Verdict
from tests.support import records
from tests.support.lived import ago, lived, run

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def week(db):
    """A record that reaches back over seven days, and a policy that would have killed whoever ran for an hour."""
    records.price()
    lived(ago(days=9), ago(days=8))


@pytest.fixture
def policy(call):
    given = {"name": "old", "action": "kill", "grace_seconds": 0, "orphan_when": {"older_than_seconds": 3600}}
    return call("POST", "/policies", given | {"enabled": True}).data["id"]


@pytest.fixture
def trust(call, policy):
    return lambda: call("GET", f"/policies/{policy}/trust").data


def samples(sandbox, at, *cpu):
    hour = at.replace(minute=0, second=0)
    MetricSeries.objects.create(
        sandbox=sandbox, hour=hour, source="poll", step_seconds=5, offsets=[600 + 5 * n for n in range(len(cpu))],
        cpu=cpu, mem=[1] * len(cpu), disk=[1] * len(cpu), cpu_max=max(cpu), mem_max=1,
    )  # fmt: skip


def over_and_idle(days=3.0):
    """It ran for three hours, and its samples show nothing after the first."""
    made = lived(ago(days=days), ago(days=days) + 3 * HOUR)
    samples(made, ago(days=days) + 2 * HOUR, 50, 20)
    return made


def test_week_without_a_use_afterwards_is_ready(trust):
    idle = [over_and_idle(), over_and_idle(2)]
    found = trust()
    assert (found["days"], found["would_have_acted"], found["used_again"], found["not_judgeable"]) == (7.0, 2, 0, 0)
    assert (found["ready"], found["why_not"], found["used_again_pct"]) == (True, [], 0.0)
    assert [item["id"] for item in found["items"]] == [one.sandbox_id for one in idle]
    two_hours = (2 * 0.000014 + 0.0000045) * 7200
    assert found["usd_saved"] == pytest.approx(2 * two_hours, abs=1e-5)
    assert "running for 60 min" in found["items"][0]["evidence"]


def _cpu(sandbox):
    samples(sandbox, ago(days=3) + 2 * HOUR, 2500)


def _resume(sandbox):
    Execution.objects.filter(sandbox=sandbox).update(ended_by="paused")
    run(sandbox, ago(days=1), ago(days=1) + HOUR / 2)


def _lease(sandbox):
    at = ago(days=3) + 2 * HOUR
    lease = Lease.objects.create(key="k", ttl_seconds=900, renewed_at=at, expires_at=at + HOUR / 4)
    LeaseSpan.objects.create(lease=lease, sandbox=sandbox, since=at, until=at + HOUR / 4)


def _request(sandbox):
    records.action(sandbox, kind="extend", state="confirmed", actor_kind="user", requested_at=ago(days=3) + 2 * HOUR)


@pytest.mark.parametrize(
    ("use", "what", "words"),
    [
        (_cpu, "cpu", "used CPU at"), (_resume, "resumed", "was resumed at"), (_lease, "leased", "was leased at"),
        (_request, "requested", "was extended, resumed or protected by somebody at"),
    ],
)  # fmt: skip
def test_used_again_says_by_what_and_how_much_later(trust, use, what, words):
    use(lived(ago(days=3), ago(days=3) + 3 * HOUR))
    found = trust()
    (item,) = found["items"]
    assert (found["used_again"], item["used_again_by"], item["not_judgeable"]) == (1, what, None)
    assert words in item["evidence"]
    assert "later" in item["evidence"]


def test_more_than_five_percent_used_again_is_not_ready(trust):
    for _ in range(19):
        over_and_idle()
    samples(lived(ago(days=3), ago(days=3) + 3 * HOUR), ago(days=3) + 2 * HOUR, 2500)
    found = trust()
    assert (found["used_again"], found["used_again_pct"], found["ready"]) == (1, 5.0, True)
    samples(lived(ago(days=3), ago(days=3) + 3 * HOUR), ago(days=3) + 2 * HOUR, 2500)
    found = trust()
    assert (found["used_again"], found["ready"]) == (2, False)
    assert found["why_not"] == ["2 of 21 (10 %) were used again; at most 5 % may be"]


def test_record_of_less_than_a_week_is_not_ready(trust):
    Execution.objects.all().delete()
    Sandbox.objects.all().delete()
    lived(ago(days=2), ago(days=2) + HOUR / 2, first_seen_at=ago(days=2))
    found = trust()
    assert (found["ready"], round(found["days"], 1)) == (False, 2.0)
    assert found["why_not"] == ["the record covers 2 d of 7 days"]


def test_who_cannot_be_judged_counts_on_neither_side(trust, policy):
    unseen = lived(ago(days=3), ago(days=3) + 3 * HOUR)
    fresh = lived(ago(minutes=80))
    killed = lived(ago(days=2), ago(days=2) + HOUR)
    killed.ended_at = ago(days=2) + HOUR + timedelta(seconds=30)
    killed.save()
    Execution.objects.filter(sandbox=killed).update(ended_at=killed.ended_at)
    records.action(killed, kind="kill", state="confirmed", actor_kind="policy", policy_id=policy)
    found = trust()
    told = {item["id"]: item["not_judgeable"] for item in found["items"]}
    assert told == {unseen.sandbox_id: "no_samples", fresh.sandbox_id: "early", killed.sandbox_id: "killed"}
    assert (found["would_have_acted"], found["used_again"], found["not_judgeable"]) == (3, 0, 3)
    assert found["used_again_pct"] is None
    assert found["why_not"] == ["none of the 3 can be judged"]


def test_what_the_dry_run_held_is_there_though_the_replay_cannot_find_it(trust, policy):
    """A lease that was released since, a metadata key no longer stored: the replay knows less than the dry run did."""
    short = lived(ago(days=1), ago(days=1) + HOUR / 2)
    stored = Policy.objects.get(pk=policy)
    Verdict.objects.create(
        policy=stored, policy_name="old", policy_version=stored.version, sandbox=short, since=ago(days=1) + HOUR / 4,
        until=ago(days=1) + HOUR / 2, reasons=[{"rule": "older_than_seconds", "evidence": "as it was then"}],
    )  # fmt: skip
    (item,) = trust()["items"]
    assert (item["id"], item["found_by"]) == (short.sandbox_id, "dry_run")
    assert datetime.fromisoformat(item["at"]) == ago(days=1) + HOUR / 4


def test_idleness_that_no_sample_tells_is_said(call):
    unseen, seen = lived(ago(days=3), ago(days=3) + 3 * HOUR), over_and_idle(3.1)
    FleetMinute.objects.create(
        account=seen.account, minute=ago(days=6), samples=1, running=1, paused=0, cpu_sum=0,
        mem_sum=0, cpu_hist=[], mem_hist=[],
    )  # fmt: skip
    idle = {"name": "idle", "orphan_when": {"idle_cpu_below_pct": 2, "idle_for_seconds": 600}}
    key = call("POST", "/policies", idle).data["id"]
    found = call("GET", f"/policies/{key}/trust").data
    assert found["without_samples"] == [unseen.sandbox_id]
    assert (found["would_have_acted"], found["not_judgeable"]) == (0, 1)


def test_no_such_policy(call):
    assert call("GET", "/policies/999/trust").status_code == 404


def test_report_changes_nothing(trust):
    over_and_idle()
    trust()
    assert not Action.objects.exists()
    assert not Verdict.objects.exists()
