"""`/alert-rules`, `/alerts`, `/silences`, `/routes`: the contract's fields, and who may do what."""

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from sandboxes.models import Account, Alert, AlertRule, Sandbox, Silence
from tests.support import judging, records
from tests.support.judging import Judged

RULE: dict[str, Any] = {
    "name": "many", "kind": "running", "above": 1, "for_seconds": 0, "group_by": ["owner"], "channels": ["hook"],
}  # fmt: skip
FIELDS = {
    "id", "rule", "severity", "state", "silenced_by", "group", "value", "threshold", "started_at", "resolved_at",
    "count", "examples", "usd_at_stake", "text", "url", "notifications",
}  # fmt: skip


@pytest.fixture
def judged(transactional_db: None, mailbox: Any) -> Iterator[Judged]:
    with judging.judged() as made:
        yield made


@pytest.fixture
def fired(judged: Judged, call: Any) -> dict[str, Any]:
    """Two sandboxes of anna, and the alert that they fire."""
    account = judged.account()
    judged.rule(**{name: value for name, value in RULE.items() if name != "kind"})
    for number in range(2):
        records.sandbox(f"i{number}", of=account, owner="anna", burn_usd_per_hour="0.25")
    judged.rounds(1)
    (alert,) = call("GET", "/alerts").data["items"]
    return dict(alert)


def test_rule_is_made_read_changed_and_deleted(judged: Judged, call: Any) -> None:
    made = call("POST", "/alert-rules", RULE)
    assert made.status_code == 201
    assert {**made.data, **RULE} == made.data
    assert (made.data["severity"], made.data["repeat_seconds"], made.data["firing"]) == ("warning", 14_400, 0)
    assert made.data["records_until"] is not None, "a new rule only records at first"
    path = f"/alert-rules/{made.data['id']}"
    assert call("GET", path).data == made.data
    changed = call("PUT", path, RULE | {"above": 5, "severity": "critical"})
    assert (changed.data["above"], changed.data["severity"], changed.data["id"]) == (5, "critical", made.data["id"])
    assert [one["name"] for one in call("GET", "/alert-rules").data["items"]] == ["many"]
    assert call("DELETE", path).status_code == 204
    assert call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"above": -1}, "above"),
        ({"metric": "cpu_pct"}, "metric"),
        ({"accounts": ["nobody"]}, "nobody"),
        ({"x": 1}, "x"),
    ],
)
def test_rule_that_cannot_be_meant_is_400_with_its_field(judged: Judged, call: Any, wrong: Any, said: str) -> None:
    answer = call("POST", "/alert-rules", RULE | wrong)
    assert answer.status_code == 400
    assert said in answer.data["message"]
    assert not AlertRule.objects.exists()


def test_name_that_is_taken_is_refused(judged: Judged, call: Any) -> None:
    assert call("POST", "/alert-rules", RULE).status_code == 201
    assert "named 'many' already" in call("POST", "/alert-rules", RULE).data["message"]


def test_shipped_rules_are_those_of_the_contract(call: Any) -> None:
    AlertRule.objects.all().delete()
    import_module("sandboxes.migrations.0013_alerts").ship(apps, None)
    found = call("GET", "/alert-rules").data["items"]
    assert all(one["enabled"] and one["shipped"] for one in found)
    kinds = (
        "action_failed breaker came_back channel_failed disk_full late running unreadable usage usage webhook_silent"
    )
    assert sorted(one["kind"] for one in found) == kinds.split()
    assert [one["above_pct_of_cap"] for one in found if one["kind"] == "running"] == [80]
    usage = {
        one["metric"]: (one["above"], one["for_seconds"], one["group_by"]) for one in found if one["kind"] == "usage"
    }
    assert usage == {"mem_pct": (95, 120, ["template"]), "disk_pct": (90, 120, ["template"])}


def test_alert_has_every_field_of_the_contract(fired: dict[str, Any], judged: Judged) -> None:
    assert set(fired) >= FIELDS
    assert (fired["rule"], fired["state"], fired["group"], fired["value"], fired["threshold"]) == (
        "many", "firing", {"owner": "anna"}, 2, 1,
    )  # fmt: skip
    assert (fired["count"], sorted(fired["examples"]), fired["usd_at_stake"]) == (2, ["i0", "i1"], 0.5)
    assert fired["text"] == "2 sandboxes running of anna"
    assert fired["url"].endswith(f"/alerts/{fired['id']}/")
    (told,) = fired["notifications"]
    assert set(told) == {"channel", "event", "state", "at", "error"}
    assert (told["channel"], told["event"], told["state"]) == ("hook", "alert.firing", "waiting")


def test_alerts_are_found_by_state_rule_and_time(fired: dict[str, Any], judged: Judged, call: Any) -> None:
    rule = AlertRule.objects.get()
    for asked, found in (
        ({"state": "firing"}, 1), ({"state": "resolved"}, 0), ({"rule": "many"}, 1), ({"rule": str(rule.pk)}, 1),
        ({"rule": "other"}, 0), ({"account": "prod"}, 1),
    ):  # fmt: skip
        assert call("GET", "/alerts", **asked).data["total"] == found, asked
    Sandbox.objects.update(state="ended")
    judged.rounds(1)
    later = (judged.now() + timedelta(seconds=1)).isoformat()
    assert call("GET", "/alerts", since=later).data["total"] == 0
    assert call("GET", "/alerts", state="resolved").data["total"] == 1


def test_acknowledged_alert_says_by_whom_and_a_resolved_one_is_409(
    fired: dict[str, Any], judged: Judged, call: Any
) -> None:
    path = f"/alerts/{fired['id']}/acknowledge"
    answer = call("POST", path, {"note": "mine"})
    assert (answer.data["state"], answer.data["note"], answer.data["acknowledged_by"]) == (
        "acknowledged", "mine", "token robot",
    )  # fmt: skip
    assert call("POST", path).status_code == 200
    Sandbox.objects.update(state="ended")
    judged.rounds(1)
    assert call("POST", path).status_code == 409


def test_silence_is_made_read_and_ended(fired: dict[str, Any], judged: Judged, call: Any) -> None:
    until = (judged.now() + timedelta(hours=2)).isoformat()
    made = call("POST", "/silences", {"match": {"owner": "anna"}, "until": until, "reason": "load test"})
    assert (made.status_code, made.data["match"], made.data["active"]) == (201, {"owner": "anna"}, True)
    judged.rounds(1)
    assert call("GET", f"/alerts/{fired['id']}").data["silenced_by"] == made.data["id"]
    path = f"/silences/{made.data['id']}"
    assert call("DELETE", path).status_code == 204
    assert (call("GET", path).data["active"], call("DELETE", path).status_code) == (False, 409)
    judged.rounds(1)
    assert call("GET", f"/alerts/{fired['id']}").data["silenced_by"] is None


@pytest.mark.parametrize(
    "wrong",
    [{"match": {}}, {"match": {"what": "x"}}, {"until": "2026-11-01T00:00:00Z"}, {"until": "2027-11-01T00:00:00Z"},
     {"reason": ""}, {"until": "2026-11-21T00:00:00"}],
)  # fmt: skip
def test_silence_that_cannot_be_meant_is_400(judged: Judged, call: Any, wrong: Any) -> None:
    good = {"match": {"rule": "many"}, "until": "2026-11-21T00:00:00Z", "reason": "r"}
    assert call("POST", "/silences", good | wrong).status_code == 400
    assert not Silence.objects.exists()


def test_routes_are_replaced_whole_and_lead_to_their_channels(judged: Judged, call: Any) -> None:
    assert call("GET", "/routes").data == {"default": [], "routes": []}
    given = {"default": ["oncall"], "routes": [{"key": "owner", "match": "ann*", "channels": ["hook"]}]}
    assert call("PUT", "/routes", given).data == given
    assert call("GET", "/routes").data == given
    assert call("PUT", "/routes", {"routes": [{"key": "size", "match": "*", "channels": ["a"]}]}).status_code == 400
    account = judged.account()
    for owner in ("anna", "bob"):
        records.sandbox(of=account, owner=owner)
    preview = call("POST", "/alert-rules/preview", RULE | {"above": 0, "channels": [], "route_by": "owner"}).data
    assert sorted(one["group"]["owner"] for one in preview["now"]) == ["anna", "bob"]


def test_what_others_accounts_fire_does_not_exist(fired: dict[str, Any], judged: Judged, call: Any) -> None:
    mine = judged.account("mine", url="https://two.example")
    text = records.token("narrow", accounts=[mine.pk])
    narrow = Client(headers={"Authorization": f"Bearer {text}"})
    assert narrow.get("/api/v1/alerts").json()["total"] == 0
    assert narrow.get(f"/api/v1/alerts/{fired['id']}").status_code == 404
    asked = {"match": {"owner": "anna"}, "until": (judged.now() + timedelta(hours=1)).isoformat(), "reason": "r"}
    made = narrow.post("/api/v1/silences", asked, content_type="application/json")
    assert made.status_code == 201
    judged.rounds(1)
    assert call("GET", f"/alerts/{fired['id']}").data["silenced_by"] is None, "it silences its maker's accounts alone"
    rule = narrow.post("/api/v1/alert-rules", RULE | {"name": "theirs"}, content_type="application/json")
    assert rule.json()["accounts"] == ["mine"], "no accounts named are those of whoever writes"
    assert narrow.get(f"/api/v1/alert-rules/{AlertRule.objects.get(name='many').pk}").status_code == 200
    assert narrow.delete(f"/api/v1/alert-rules/{AlertRule.objects.get(name='many').pk}").status_code == 403
    assert Account.objects.count() == 2
    assert Alert.objects.count() == 1


def test_preview_judges_the_past_by_the_record_of_runs(judged: Judged, call: Any) -> None:
    """Anna ran two at once from six to five hours ago, bob one: more than one of an owner fires once, for an hour."""
    account, now = judged.account(), judged.now()
    for number, owner in enumerate(["anna", "anna", "bob"]):
        box = records.sandbox(
            f"p{number}", of=account, owner=owner, state="ended", started_at=now - timedelta(hours=6),
            ended_at=now - timedelta(hours=5),
        )  # fmt: skip
        box.executions.create(
            execution_id=f"e{number}", started_at=box.started_at, ended_at=box.ended_at, ended_by="killed"
        )
    found = call("POST", "/alert-rules/preview", RULE | {"for_seconds": 120}).data
    history = found["history"]
    assert (found["now"], history["fired"], history["record"]) == ([], 1, True)
    (episode,) = history["episodes"]
    assert (episode["group"], episode["peak"], episode["channels"]) == ({"owner": "anna"}, 2, ["hook"])
    assert abs(history["firing_seconds"] - 3600) <= 120
    assert not AlertRule.objects.exists(), "nothing is stored"
