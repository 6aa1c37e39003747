"""`/sandboxes`: the list, one, its figures, its events, and what is done to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sandboxes.fleet import same_fleets
from sandboxes.models import AccountBrake, AccountHealth, Action, SandboxLock
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db

FIELDS = """id account template_id template_name alias state backend_state created_at started_at end_at paused_at
deletes_at ended_at end_reason ended_by probable_cause cpu_count memory_mb disk_mb metadata owner environment lease
cpu_pct mem_used mem_total disk_used disk_total sampled_at cost_usd burn_usd_per_hour orphan protected first_seen_at
last_seen_at"""


def test_one_has_exactly_the_fields_of_the_contract(call: Any) -> None:
    box = records.sandbox("a", metadata={"k": "v"}, owner="ada")
    records.frame({box.pk: Reading(cpu=1.5, mem=3)}, at=timezone.now())
    one = call("GET", "/sandboxes/a").data
    assert set(one) == set(FIELDS.split())
    assert (one["created_at"], one["cpu_pct"], one["mem_used"]) == ("2026-08-21T11:00:00Z", 1.5, 3 * 2**20)
    assert one["orphan"] == {"is_orphan": False, "state": "none", "reasons": []}
    assert isinstance(one["cost_usd"], float)
    assert (one["lease"], one["protected"], one["ended_by"]) == (None, None, None)
    assert call("GET", "/sandboxes").data["items"] == [one | {"cost_usd": pytest.approx(one["cost_usd"], abs=0.01)}]


def test_the_list_takes_filters_and_metadata(call: Any) -> None:
    records.sandbox("a", metadata={"user id": "1&2"}, owner="ada")
    records.sandbox("b", metadata={"user id": "3"}, owner="ada")
    found = call("GET", "/sandboxes", **{"metadata.user id": "1&2", "owner": "ada", "state": "running"}).data
    assert ([one["id"] for one in found["items"]], found["total"]) == (["a"], 1)
    assert call("GET", "/sandboxes", state="all", orphan="true").data["total"] == 0
    assert call("GET", "/sandboxes", protected="false").data["total"] == 2


def test_pages_follow_each_other(call: Any) -> None:
    for number in range(5):
        records.sandbox(f"i{number}")
    first = call("GET", "/sandboxes", order="id", limit=3).data
    second = call("GET", "/sandboxes", order="id", limit=3, cursor=first["next"]).data
    assert [one["id"] for one in first["items"] + second["items"]] == [f"i{number}" for number in range(5)]
    assert (first["total"], second["total"], second["next"]) == (5, 5, None)
    assert call("GET", "/sandboxes", order="-id", cursor=first["next"]).status_code == 400


def test_figures_over_time_come_from_the_frames(call: Any) -> None:
    box = records.sandbox("a")
    for seconds in (10, 5, 0):
        records.frame({box.pk: Reading(cpu=seconds, mem=1)}, at=NOW - timedelta(seconds=seconds))
    unix = int(NOW.timestamp())
    told = call("GET", "/sandboxes/a/metrics", start=unix - 60, end="2026-08-21T12:00:01Z").data
    assert told["t"] == [unix - 10, unix - 5, unix]
    assert (told["cpu_pct"], told["mem_used"]) == ([10, 5, 0], [2**20] * 3)
    assert call("GET", "/sandboxes/a/metrics", points=1001).status_code == 400


def test_events_of_one_and_of_all(call: Any) -> None:
    records.sandbox("a")
    records.event("a", "created", timestamp=NOW - timedelta(1))
    killed = records.event("a", "killed", data={"kill_reason": "request"}, execution_id="e1", source="reconcile")
    records.event("b", "paused")
    one = call("GET", "/sandboxes/a/events", type="killed").data
    assert one["items"] == [
        {
            "id": str(killed.event_id),
            "type": "sandbox.lifecycle.killed",
            "sandbox_id": "a",
            "execution_id": "e1",
            "timestamp": "2026-08-21T12:00:00Z",
            "received_at": "2026-08-21T12:00:00Z",
            "source": "reconcile",
            "data": {"kill_reason": "request"},
        }
    ]
    assert call("GET", "/events").data["total"] == 3
    assert call("GET", "/events", sandbox="a", since=NOW.timestamp()).data["total"] == 1
    assert call("GET", "/events", source="webhook", type="sandbox.lifecycle.paused").data["total"] == 1
    assert call("GET", "/events", type="sandbox.lifecycle.paused,nothing").data["total"] == 1
    assert call("GET", "/events", until=NOW.timestamp() - 3600).data["total"] == 1
    assert call("GET", "/events", text="no such text").data["total"] == 0
    assert call("GET", "/events", owner="nobody", template="none", account="default").data["total"] == 0


@pytest.mark.parametrize(
    ("path", "body", "state", "kind", "seconds"),
    [
        ("kill", None, "running", "kill", None),
        ("kill", {}, "paused", "kill", None),
        ("pause", None, "running", "pause", None),
        ("resume", None, "paused", "resume", 300),
        ("resume", {"seconds": 60}, "paused", "resume", 60),
        ("timeout", {"seconds": 60}, "running", "timeout", 60),
        ("extend", {"seconds": 60}, "running", "extend", 60),
    ],
)
def test_an_act_is_queued_and_audited(
    call: Any, path: str, body: Any, state: str, kind: str, seconds: int | None
) -> None:
    records.sandbox("a", state=state)
    response = call("POST", f"/sandboxes/a/{path}", body)
    assert response.status_code == 202
    action = call("GET", f"/actions/{response.data['action_id']}").data
    assert (action["kind"], action["state"], action["sandbox_id"]) == (kind, "queued", "a")
    assert action["actor"] == {"kind": "token", "name": "robot"}
    assert Action.objects.get().parameters.get("seconds") == seconds


@pytest.mark.parametrize(
    ("path", "body", "state"),
    [
        ("kill", None, "ended"),
        ("pause", None, "paused"),
        ("resume", None, "running"),
        ("timeout", {"seconds": 60}, "paused"),
        ("extend", {"seconds": 60}, "ended"),
        ("protect", {"reason": "mine"}, "ended"),
    ],
)
def test_an_act_that_does_not_fit_the_state_is_409(call: Any, path: str, body: Any, state: str) -> None:
    records.sandbox("a", state=state, ended_at=NOW if state == "ended" else None)
    response = call("POST", f"/sandboxes/a/{path}", body)
    assert (response.status_code, response.data["code"]) == (409, "not_in_state")
    assert response.data["details"] == {"state": state}


def test_protection_holds_from_the_moment_it_is_answered(call: Any) -> None:
    records.sandbox("a")
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    asked = {"reason": "demo", "until": until.isoformat().replace("+00:00", "Z")}
    assert call("POST", "/sandboxes/a/protect", asked).status_code == 202
    held = call("GET", "/sandboxes/a").data["protected"]
    assert held == {"until": asked["until"], "reason": "demo", "by": "robot"}
    assert call("DELETE", "/sandboxes/a/protect").status_code == 202
    assert call("GET", "/sandboxes/a").data["protected"] is None


def test_a_condemned_one_cannot_be_protected(call: Any) -> None:
    box = records.sandbox("a")
    SandboxLock.objects.filter(pk=box.lock_id).update(pending_action=records.action(box, state="sent"))
    assert call("POST", "/sandboxes/a/protect", {"reason": "mine"}).status_code == 409


def test_a_backend_without_logs_says_so(call: Any) -> None:
    records.sandbox("a", of=records.account(capabilities={"logs": False}))
    response = call("GET", "/sandboxes/a/logs")
    assert (response.status_code, response.data["code"]) == (409, "not_supported")


def test_a_backend_that_is_away_is_503(call: Any) -> None:
    records.sandbox("a")
    assert call("GET", "/sandboxes/a/logs").data["code"] == "backend_unavailable"


@pytest.fixture
def namesakes(db: None) -> Any:
    """Two backends, each with a sandbox `ns--job`, and others of their own."""
    one, other = records.account("one", url="http://one"), records.account("other", url="http://other")
    for account in (one, other):
        records.sandbox("ns--job", of=account)
        for n in range(3):
            records.sandbox(f"{account.name}-{n}", of=account)
    return one, other


def test_id_of_two_backends_is_answered_with_both(call: Any, namesakes: Any) -> None:
    several = call("GET", "/sandboxes/ns--job")

    assert several.status_code == 300
    assert several.data == {
        "items": [
            {"id": "ns--job", "account": "one", "url": "http://one"},
            {"id": "ns--job", "account": "other", "url": "http://other"},
        ]
    }
    assert call("GET", "/sandboxes/ns--job", account="other").data["account"] == "other"
    assert call("GET", "/sandboxes/ns--job", account="third").status_code == 404
    for path in ("metrics", "events"):
        assert call("GET", f"/sandboxes/ns--job/{path}").status_code == 300
        assert call("GET", f"/sandboxes/ns--job/{path}", account="one").status_code == 200


def test_no_changing_call_acts_on_an_id_of_two_backends_without_its_account(call: Any, namesakes: Any) -> None:
    assert call("POST", "/sandboxes/ns--job/kill", {}).status_code == 300
    assert call("POST", "/actions/bulk", {"action": "kill", "ids": ["ns--job"], "expected_count": 1}).status_code == 300
    assert not Action.objects.exists()
    assert call("POST", "/sandboxes/ns--job/kill", {}, account="other").status_code == 202
    assert Action.objects.get().account.name == "other"


def test_sandbox_of_two_accounts_of_one_project_is_one(call: Any, db: None) -> None:
    for name in ("one", "other"):
        account = records.account(name, url="http://same" + ("/" if name == "other" else ""))
        AccountHealth.objects.create(account=account, last_sync_at=timezone.now())
        for n in range(3):
            records.sandbox(f"i{n}", of=account)
    same_fleets.recognise(timezone.now())

    assert call("GET", "/sandboxes/i1").data["account"] == "one"
    assert call("GET", "/sandboxes/i1", account="other").data["account"] == "other"
    assert call("GET", "/sandboxes").data["total"] == 3
    assert call("GET", "/fleet").data["running"] == 3
    assert SandboxLock.objects.count() == 3


def test_account_that_lets_nobody_act_is_403_and_names_the_setting(call: Any, db: None) -> None:
    records.sandbox("a", of=records.account("default", actions="none"))
    refused = call("POST", "/sandboxes/a/kill", {})

    assert (refused.status_code, refused.data["details"]) == (403, {"needs": ["account.actions"]})
    assert call("POST", "/sandboxes/a/protect", {"reason": "mine"}).status_code == 202


def test_brake_is_reset_by_rest(call: Any, db: None) -> None:
    account = records.account("default", brake={"per_hour": 7, "per_day": 9})
    AccountBrake.objects.create(account=account, tripped_at=NOW, why="7 acts of policies in an hour, the maximum")
    answered = call("POST", "/accounts/default/reset-brake", {})

    assert answered.data == {"account": "default", "per_hour": 7, "per_day": 9, "tripped_at": None, "why": ""}
    assert AccountBrake.objects.get().tripped_at is None
    assert call("POST", "/accounts/nobody/reset-brake", {}).status_code == 404


def test_unknown_state_is_in_the_default_list_and_in_no_running_count(call: Any, db: None) -> None:
    records.price()
    records.sandbox("odd", state="unknown", backend_state="snapshotting")

    assert [(one["id"], one["backend_state"]) for one in call("GET", "/sandboxes").data["items"]] == [
        ("odd", "snapshotting")
    ]
    fleet = call("GET", "/fleet").data
    assert (fleet["running"], fleet["paused"]) == (0, 0)
