"""`/fleet`, `/health`, `/leases` and `/policies` in the shapes of the contract."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.models import ApiToken
from sandboxes.models import Account, AccountHealth, Lease, Policy, SandboxLock
from sandboxes.models.fields import Sealed
from tests.support import records
from tests.support.records import Reading

pytestmark = pytest.mark.django_db

FLEET = """t running paused started_per_minute ended_per_minute ended_by_reason cpu_pct mem_pct burn_usd_per_hour
orphans orphan_usd_per_hour cap stale_since"""
COLUMNS = "t running paused cpu_p50 cpu_p95 mem_p50 mem_p95 started ended burn_usd_per_hour"
THEN = "id state template_id owner environment created_at cpu_pct mem_used mem_total burn_usd_per_hour orphan"
ACCOUNT = """name url reachable last_sync_at last_poll_at poll_seconds webhook_last_at webhook_missed_24h cap
webhook_secret_locked capabilities"""
POLICY = """id version name enabled mode match orphan_when action quarantine_seconds grace_seconds max_per_run
max_per_hour max_fleet_fraction quiet_hours status"""


def test_the_fleet_now(call: Any) -> None:
    box = records.sandbox("a", burn_usd_per_hour="0.1089")
    records.sandbox("b", state="paused")
    records.frame({box.pk: Reading(cpu=40, mem=256)}, at=timezone.now())
    records.verdict(box)
    now = call("GET", "/fleet").data
    assert set(now) == set(FLEET.split())
    assert (now["running"], now["paused"], now["orphans"]) == (1, 1, 1)
    assert (now["burn_usd_per_hour"], now["orphan_usd_per_hour"]) == (0.1089, 0.1089)
    assert (now["cpu_pct"]["p50"], now["mem_pct"]["p95"]) == (40, 50)


def test_the_fleet_over_time_has_columns_of_one_length(call: Any) -> None:
    columns = call("GET", "/fleet/metrics", points=10).data
    assert set(columns) == set(COLUMNS.split())
    assert {len(column) for column in columns.values()} == {len(columns["t"])}
    assert len(columns["t"]) <= 10


def test_the_fleet_then(call: Any) -> None:
    for name in ("a", "b", "c"):
        records.sandbox(name, started_at=timezone.now() - timedelta(hours=1))
    first = call("GET", "/fleet/at", t=timezone.now().timestamp(), limit=2).data
    second = call("GET", "/fleet/at", limit=2, cursor=first["next"]).data
    assert (set(first), set(first["items"][0])) == (
        {"t", "exact_t", "running", "paused", "items", "next"},
        set(THEN.split()),
    )
    assert sorted(one["id"] for one in first["items"] + second["items"]) == ["a", "b", "c"]
    assert (first["exact_t"], second["next"]) == (None, None)


def test_health_tells_of_each_account(call: Any) -> None:
    account = records.account(cap=20, capabilities={"events": True})
    told = call("GET", "/health").data
    assert (told["status"], set(told["accounts"][0])) == ("degraded", set(ACCOUNT.split()))
    AccountHealth.objects.create(account=account, reachable=True, last_sync_at=timezone.now(), poll_seconds=0.5)
    told = call("GET", "/health").data
    assert (told["status"], told["version"]) == ("ok", "0.1.0")
    assert (told["accounts"][0]["cap"], told["accounts"][0]["poll_seconds"]) == (20, 0.5)
    assert told["accounts"][0]["last_sync_at"].endswith("Z")


def test_health_names_a_webhook_secret_that_cannot_be_opened(call: Any) -> None:
    account = records.account()
    AccountHealth.objects.create(account=account, reachable=True, last_sync_at=timezone.now())
    Account.objects.filter(pk=account.pk).update(webhook_secret=Sealed("fernet:sealed-by-a-lost-key"))
    health = call("GET", "/health").data
    assert (health["status"], health["accounts"][0]["webhook_secret_locked"]) == ("degraded", True)


def test_a_lease_is_made_renewed_listed_and_ended(call: Any) -> None:
    records.sandbox("a")
    made = call("PUT", "/leases/app/1", {"ttl_seconds": 60, "match": {"ids": ["a", "later"]}})
    assert made.status_code == 200
    assert {name: made.data[name] for name in ("key", "live", "unknown", "marked", "condemned")} == {
        "key": "app/1",
        "live": 1,
        "unknown": ["later"],
        "marked": [],
        "condemned": [],
    }
    assert call("GET", "/sandboxes/a").data["lease"] == {
        "key": "app/1",
        "expires_at": made.data["expires_at"],
        "state": "live",
    }
    assert call("PUT", "/leases/app/1", {"ttl_seconds": 90, "match": {"ids": ["a"]}}).status_code == 200
    (row,) = call("GET", "/leases").data["items"]
    assert (row["key"], row["ttl_seconds"], row["live"], row["match"]) == ("app/1", 90, 1, {"ids": ["a"]})
    assert Lease.objects.get().token == "robot"
    assert call("DELETE", "/leases/app/1").status_code == 204
    assert call("DELETE", "/leases/app/1").status_code == 404
    assert call("GET", "/sandboxes/a").data["lease"]["state"] == "expired"


def test_leases_are_paged_by_key(call: Any) -> None:
    for key in ("c", "a", "b"):
        call("PUT", f"/leases/{key}", {"ttl_seconds": 60, "match": {"metadata": {"k": key}}})
    first = call("GET", "/leases", limit=2).data
    second = call("GET", "/leases", limit=2, cursor=first["next"]).data
    assert [one["key"] for one in first["items"] + second["items"]] == ["a", "b", "c"]
    assert (first["total"], second["next"]) == (3, None)


@pytest.mark.parametrize(
    "body",
    [
        {"match": {"ids": ["a"]}},
        {"ttl_seconds": 0, "match": {"ids": ["a"]}},
        {"ttl_seconds": 60, "match": {}},
        {"ttl_seconds": 60, "match": {"ids": []}},
        {"ttl_seconds": 60, "match": {"metadata": {}}},
        {"ttl_seconds": 60, "match": {"ids": ["a"], "metadata": {"k": "v"}}},
        {"ttl_seconds": 60, "match": {"ids": ["a"], "names": []}},
    ],
)
def test_a_bad_lease_is_400(call: Any, body: dict[str, Any]) -> None:
    assert call("PUT", "/leases/k", body).status_code == 400
    assert not Lease.objects.exists()


def test_a_lease_for_what_is_condemned_is_409(call: Any) -> None:
    box = records.sandbox("a")
    SandboxLock.objects.filter(pk=box.lock_id).update(pending_action=records.action(box, state="sent"))
    refused = call("PUT", "/leases/k", {"ttl_seconds": 60, "match": {"ids": ["a"]}})
    assert (refused.status_code, refused.data["details"]) == (409, {"condemned": ["a"]})


def test_a_policy_is_made_changed_and_deleted(call: Any) -> None:
    Policy.objects.all().delete()
    made = call("POST", "/policies", {"name": "old", "orphan_when": {"older_than_seconds": 60}})
    assert made.status_code == 201
    assert set(made.data) == set(POLICY.split())
    assert (made.data["version"], made.data["mode"], made.data["enabled"]) == (1, "dry_run", False)
    assert made.data["match"] == {"accounts": [], "states": ["running"], "templates": [], "metadata": {}}
    assert made.data["orphan_when"] == {"older_than_seconds": 60}
    path = f"/policies/{made.data['id']}"
    assert call("GET", path).data == made.data
    body = {name: value for name, value in made.data.items() if name not in {"id", "version", "status"}}
    changed = call("PUT", path, body | {"enabled": True, "mode": "enforce", "action": "kill"}).data
    assert (changed["version"], changed["mode"], changed["status"]["breaker"]["state"]) == (2, "enforce", "closed")
    assert call("GET", "/policies").data["total"] == 1
    assert call("DELETE", path).status_code == 204
    assert call("GET", path).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        [],
        {"name": "x"},
        {"name": "x", "orphan_when": {}},
        {"name": "x", "orphan_when": {"older_than_seconds": 60}, "colour": "red"},
        {"name": "x", "orphan_when": {"idle_for_seconds": 60}},
        {"name": "x", "orphan_when": {"older_than_seconds": 60}, "match": {"states": []}},
        {"name": "taken", "orphan_when": {"older_than_seconds": 60}},
    ],
)
def test_a_bad_policy_is_400(call: Any, body: Any) -> None:
    records.policy("taken")
    before = Policy.objects.count()
    response = call("POST", "/policies", body)
    assert (response.status_code, response.data["code"]) == (400, "bad_request")
    assert Policy.objects.count() == before


def test_a_key_left_out_is_read_back_with_its_default(call: Any) -> None:
    policy = records.policy(match={"states": ["paused"]})
    told = call("GET", f"/policies/{policy.pk}").data["match"]
    assert told == {"accounts": [], "states": ["paused"], "templates": [], "metadata": {}}


def test_a_tripped_breaker_is_told_and_reset(call: Any) -> None:
    policy = records.policy(breaker_tripped_at=timezone.now(), breaker_why="hits 40 of 60")
    breaker = call("GET", f"/policies/{policy.pk}").data["status"]["breaker"]
    assert (breaker["state"], breaker["why"]) == ("tripped", "hits 40 of 60")
    reset = call("POST", f"/policies/{policy.pk}/reset")
    assert (reset.status_code, reset.data["status"]["breaker"]["state"]) == (200, "closed")


def test_a_run_is_asked_for(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr("dashboard.api.policies.queue.enqueue", sent.append)
    assert call("POST", f"/policies/{records.policy().pk}/run").status_code == 202
    assert sent == ["sandboxes.tasks.reap"]
    assert call("POST", f"/policies/{records.policy('off', enabled=False).pk}/run").status_code == 409


def test_what_a_policy_saved_is_the_rest_of_the_runs_it_ended(call: Any) -> None:
    records.price()
    policy, now = records.policy(), timezone.now()
    box = records.sandbox("a", state="ended")
    box.executions.create(
        key="e", started_at=now - timedelta(hours=3), ended_at=now - timedelta(hours=2), cpu_count=2, memory_mb=512,
        end_at=now - timedelta(hours=1),
    )  # fmt: skip
    records.action(
        box,
        state="confirmed",
        outcome="killed",
        policy=policy,
        actor_kind="policy",
        answered_at=now - timedelta(hours=2),
    )
    status = call("GET", f"/policies/{policy.pk}").data["status"]
    assert (status["done_7d"], status["saved_usd_7d"]) == (1, pytest.approx(0.1089, abs=1e-4))


def test_a_policy_for_an_account_that_is_not_there_is_refused(call: Any) -> None:
    records.account()
    body = {"name": "typo", "orphan_when": {"older_than_seconds": 60}, "match": {"accounts": ["porduction"]}}
    refused = call("POST", "/policies", body)
    assert refused.status_code == 400
    assert "no account named 'porduction'" in refused.data["message"]
    assert not Policy.objects.filter(name="typo").exists()


LEASE = {"ttl_seconds": 60, "match": {"ids": ["a"]}}


def by(token: str, method: str, key: str = "worker") -> Any:
    sent = {"data": json.dumps(LEASE), "content_type": "application/json"} if method == "put" else {}
    return getattr(Client(), method)(f"/api/v1/leases/{key}", headers={"Authorization": f"Bearer {token}"}, **sent)


@pytest.mark.django_db
def test_live_lease_belongs_to_the_token_that_made_it() -> None:
    mine, other = records.token("mine"), records.token("other")
    assert by(mine, "put").status_code == 200
    for method in ("put", "delete"):
        answer = by(other, method)
        assert (answer.status_code, answer.json()["details"]) == (403, {"needs": ["lease.maker"]})
        assert "mine" in answer.json()["message"]
    assert by(mine, "put").status_code == 200
    assert by(mine, "delete").status_code == 204
    assert by(other, "put").status_code == 200, "a released key is anybody's"
    assert by(mine, "put").status_code == 403


@pytest.mark.django_db
def test_renewal_of_ones_own_lease_asks_for_no_more_rights() -> None:
    mine = records.token("mine")
    by(mine, "put")
    with CaptureQueriesContext(connection) as asked:
        assert by(mine, "put").status_code == 200
    assert sum('FROM "dashboard_apitoken"' in one["sql"] for one in asked) == 1


@pytest.mark.django_db
def test_environments_token_renews_any_lease_and_a_revoked_makers_lease_is_free() -> None:
    mine, ours = records.token("mine"), records.token("automation")
    ApiToken.objects.filter(name="automation").update(in_environment=True)
    by(mine, "put")
    assert by(ours, "put").status_code == 200
    assert by(mine, "put").status_code == 200, "it stays its maker's"
    ApiToken.objects.filter(name="mine").update(revoked_at=records.NOW)
    assert by(records.token("next"), "put").status_code == 200


@pytest.mark.django_db
def test_person_and_token_of_one_number_are_not_each_other(person: Client) -> None:
    mine, user = records.token("mine"), get_user_model().objects.get(username="ada")
    ApiToken.objects.filter(name="mine").update(id=user.pk)
    by(mine, "put")
    assert person.put("/api/v1/leases/worker", json.dumps(LEASE), content_type="application/json").status_code == 403
    records.member("ada", "admin")
    assert person.put("/api/v1/leases/worker", json.dumps(LEASE), content_type="application/json").status_code == 200
