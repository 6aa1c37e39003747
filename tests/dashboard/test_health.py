"""`/healthz`, `/readyz`, and the heartbeat that the reaper trusts."""

import asyncio
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from dashboard import heartbeat
from dashboard.views import health
from sandboxes.models import AccountHealth, Heartbeat
from tests import records
from tests.records import NOW


def test_up_needs_nothing() -> None:
    assert Client().get("/healthz").json() == {"status": "up"}


@pytest.mark.django_db
def test_ready_names_each_dependency() -> None:
    AccountHealth.objects.create(account=records.account(), last_sync_at=timezone.now())
    response = Client().get("/readyz")
    assert response.status_code == 200, response.content
    assert response.json()["status"] == "ready"
    assert set(response.json()["dependencies"]) == {"database", "migrations", "redis", "worker"}


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


def test_the_database_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> health.Dependency:
        raise OperationalError("password=secret")

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
    heartbeat.beat(NOW + timedelta(seconds=23))
    beat.refresh_from_db()
    assert beat.up_since == NOW + timedelta(seconds=23)


async def test_it_beats_on_when_a_beat_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[str] = []

    def beat() -> None:
        beats.append("tried")
        if len(beats) == 1:
            raise OperationalError("away")
        if len(beats) == 3:
            loop.call_soon_threadsafe(done.set_result, None)

    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    monkeypatch.setattr(heartbeat, "_beat_in_thread", beat)
    monkeypatch.setattr(heartbeat, "EVERY_SECONDS", 0.0)
    task = asyncio.create_task(heartbeat.beat_forever())
    await asyncio.wait_for(done, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
