"""`/healthz`, `/readyz`, and the heartbeat that the reaper trusts."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.utils import timezone
from psycopg_pool import PoolTimeout

from dashboard.system import health, heartbeat
from sandboxes.cleanup import leases
from sandboxes.core import disk
from sandboxes.fleet import lease_coverage
from sandboxes.models import AccountHealth, Heartbeat
from tests.support import records
from tests.support.records import NOW


def test_up_needs_nothing() -> None:
    assert Client().get("/healthz").json() == {"status": "up"}


@pytest.mark.django_db
def test_ready_names_each_dependency() -> None:
    AccountHealth.objects.create(account=records.account(), last_sync_at=timezone.now())
    response = Client().get("/readyz")
    assert response.status_code == 200, response.content
    assert response.json()["status"] == "ready"
    assert set(response.json()["dependencies"]) == {"database", "migrations", "redis", "worker", "disk"}


@pytest.mark.django_db
def test_a_worker_that_reads_nothing_makes_us_not_ready() -> None:
    account = AccountHealth.objects.create(account=records.account())
    assert Client().get("/readyz").json()["dependencies"]["worker"] == {"ok": False, "seen": "has read no account yet"}
    account.sync_failed_at = timezone.now() - timedelta(hours=1)
    account.save()
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["dependencies"]["worker"]["ok"]) == (503, False)
    account.poll_failed_at = timezone.now()
    account.save()
    assert Client().get("/readyz").status_code == 200


@pytest.mark.django_db
def test_reading_ahead_of_our_clock_is_no_proof_of_health() -> None:
    ahead = timezone.now() + timedelta(hours=1)
    health = AccountHealth.objects.create(account=records.account(), last_sync_at=ahead, poll_failed_at=ahead)
    worker = Client().get("/readyz").json()["dependencies"]["worker"]
    assert not worker["ok"]
    assert "ahead of our clock" in worker["seen"]
    health.last_sync_at = timezone.now()
    health.save()
    assert Client().get("/readyz").status_code == 200, "read since; the old failure tells nothing"


@pytest.mark.django_db
def test_a_migration_to_apply_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'dashboard'")
    migrations = Client().get("/readyz").json()["dependencies"]["migrations"]
    assert (migrations["ok"], migrations["seen"][:20]) == (False, "to apply: dashboard.")


@pytest.mark.django_db
def test_redis_away_is_named_without_its_address(settings: pytest.FixtureRequest) -> None:
    settings.REDIS_URL = "redis://:secret@127.0.0.1:1/0"  # type: ignore[attr-defined]
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["dependencies"]["redis"] == {"ok": False, "seen": "it does not answer"}
    assert "secret" not in response.content.decode()


@pytest.mark.parametrize("why", [OperationalError, InterfaceError, PoolTimeout])
def test_the_database_away_is_named(monkeypatch: pytest.MonkeyPatch, why: type[Exception]) -> None:
    def away() -> health.Dependency:
        raise why("password=secret")

    monkeypatch.setattr(health, "CHECKS", {"database": away})
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["dependencies"]["database"]["ok"]) == (503, False)
    assert "secret" not in response.content.decode()


def test_nobody_waits_twice_for_the_same_database(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def away() -> health.Dependency:
        tries.append("database")
        raise OperationalError

    def needs_it() -> health.Dependency:
        raise AssertionError("it was asked although the database is away")

    monkeypatch.setattr(health, "CHECKS", {"database": away, "migrations": needs_it, "worker": needs_it})
    named = Client().get("/readyz").json()["dependencies"]
    assert ({name: one["ok"] for name, one in named.items()}, len(tries)) == (
        {"database": False, "migrations": False, "worker": False},
        1,
    )


@pytest.mark.django_db
def test_the_heart_keeps_its_start_until_it_was_silent() -> None:
    heartbeat.beat(NOW)
    heartbeat.beat(NOW + timedelta(seconds=10))
    beat = Heartbeat.objects.get(name="api")
    assert (beat.at, beat.up_since) == (NOW + timedelta(seconds=10), NOW)
    heartbeat.beat(NOW + timedelta(seconds=36))
    beat.refresh_from_db()
    assert beat.up_since == NOW + timedelta(seconds=36)


@pytest.mark.django_db
def test_beat_after_a_failed_probe_begins_anew_however_short_the_outage() -> None:
    heartbeat.beat(NOW)
    heartbeat.miss(NOW + timedelta(seconds=10))
    heartbeat.beat(NOW + timedelta(seconds=20))
    beat = Heartbeat.objects.get(name="api")
    assert (beat.at, beat.up_since) == (NOW + timedelta(seconds=20), NOW + timedelta(seconds=20))
    heartbeat.beat(NOW + timedelta(seconds=30))
    beat.refresh_from_db()
    assert (beat.at, beat.up_since) == (NOW + timedelta(seconds=30), NOW + timedelta(seconds=20))


@pytest.mark.django_db
def test_lease_that_ran_out_in_a_short_outage_gets_one_whole_ttl() -> None:
    """Its owner renews every 5 s, and could not for one failed probe."""
    now = timezone.now()
    sandbox = records.sandbox("ia")
    leases.put("k", 15, ids=["ia"])
    heartbeat.beat(now)
    heartbeat.miss(now + timedelta(seconds=10))
    heartbeat.beat(now + timedelta(seconds=20))
    leases.look(now + timedelta(seconds=21))
    assert lease_coverage.holding([sandbox.pk])[sandbox.pk].expires_at > now + timedelta(seconds=34)


@pytest.fixture
def listener(settings: Any) -> httpx.ASGITransport:
    """The whole web process's app, without a network."""
    from config.asgi import application

    return httpx.ASGITransport(app=application)


@pytest.mark.django_db(transaction=True)
async def test_probe_that_is_answered_by_routing_sign_in_and_database_beats(listener: httpx.ASGITransport) -> None:
    assert await heartbeat.probe(listener)
    assert await Heartbeat.objects.filter(name="api").aexists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broken", ["sign-in", "database", "route", "nobody"])
async def test_probe_that_an_owner_would_not_get_through_does_not_beat(
    listener: httpx.ASGITransport | None, monkeypatch: pytest.MonkeyPatch, settings: Any, broken: str
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OperationalError("away")

    if broken == "sign-in":
        monkeypatch.setattr(heartbeat, "token", lambda: "probe:forged")
    elif broken == "database":
        monkeypatch.setattr(leases, "list_", failing)
    elif broken == "route":
        monkeypatch.setattr(heartbeat, "PATH", "/nowhere")
    else:
        settings.PROBE_URL, listener = "http://127.0.0.1:9", None
    assert not await heartbeat.probe(listener)
    assert [beat.name async for beat in Heartbeat.objects.all()] == [heartbeat.UNREACHED]


@pytest.mark.django_db(transaction=True)
async def test_probe_that_finds_a_lease_of_its_name_beats(listener: httpx.ASGITransport) -> None:
    await sync_to_async(leases.put)(heartbeat.KEY, 60, ids=["ia"])
    assert await heartbeat.probe(listener)
    assert [beat.name async for beat in Heartbeat.objects.all()] == [heartbeat.NAME]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "body"), [(200, "[]"), (200, "<html>"), (200, '{"key": "another"}'), (404, "{}"), (404, '"not_found"')]
)
async def test_probe_that_another_server_answers_does_not_beat(status: int, body: str) -> None:
    assert not await heartbeat.probe(httpx.MockTransport(lambda _: httpx.Response(status, text=body)))
    assert [beat.name async for beat in Heartbeat.objects.all()] == [heartbeat.UNREACHED]


@pytest.mark.django_db
def test_probes_token_is_good_for_its_one_question(client: Client) -> None:
    headers = {"Authorization": f"Bearer {heartbeat.token()}"}
    assert client.get(heartbeat.PATH, headers=headers).status_code == 404
    assert client.get("/api/v1/leases", headers=headers).status_code == 401
    assert client.delete(heartbeat.PATH, headers=headers).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(("free", "status"), [(disk.FULL_BYTES - 1, 503), (disk.FULL_BYTES, 200)])
def test_full_disk_makes_us_not_ready(monkeypatch: pytest.MonkeyPatch, free: int, status: int) -> None:
    AccountHealth.objects.create(account=records.account(), last_sync_at=timezone.now())
    monkeypatch.setattr(disk, "space", lambda: disk.Space(free, 100 * disk.GIB))
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["dependencies"]["disk"]["ok"]) == (status, status == 200)
    assert response.json()["dependencies"]["disk"]["seen"] == "0.2 GiB of 100 GiB free"


@pytest.mark.django_db
def test_not_being_ready_is_an_answer_and_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    AccountHealth.objects.create(account=records.account())
    assert Client().get("/readyz").status_code == 503
    assert caplog.records == []
