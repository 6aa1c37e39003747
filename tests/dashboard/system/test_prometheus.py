"""`/metrics`: who may read it, and that what it tells is there and can be parsed."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from sandboxes.core import disk
from sandboxes.models import AccountHealth
from tests.support import records
from tests.support.records import Reading

pytestmark = pytest.mark.django_db


def read(client: Client, **options: Any) -> dict[tuple[str, ...], float]:
    """Every sample by its name and label values."""
    response = client.get("/metrics", **options)
    assert response.status_code == 200, response.content
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def test_it_needs_a_token_or_to_be_public(settings: Any) -> None:
    assert Client().get("/metrics").status_code == 401
    assert Client().get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert read(Client(), headers={"Authorization": f"Bearer {records.token()}"})
    settings.METRICS_PUBLIC = True
    assert read(Client())


def test_it_tells_of_the_fleet_and_of_us(settings: Any) -> None:
    settings.METRICS_PUBLIC = True
    account = records.account(cap=20)
    AccountHealth.objects.create(account=account, reachable=True, last_poll_at=timezone.now(), polls_late=3)
    box = records.sandbox("a", burn_usd_per_hour="0.1089")
    records.sandbox("b", state="paused")
    records.frame({box.pk: Reading(cpu=40)}, at=timezone.now())
    records.action(box)
    told = read(Client())
    assert told["sandwarden_sandboxes", "default", "running"] == 1
    assert told["sandwarden_sandboxes", "default", "paused"] == 1
    assert told["sandwarden_cpu_pct", "default", "p95"] == 40
    assert told["sandwarden_burn_usd_per_hour", "default"] == pytest.approx(0.1089)
    assert told["sandwarden_concurrency_cap", "default"] == 20
    assert told["sandwarden_polls_late_total", "default"] == 3
    assert told["sandwarden_backend_reachable", "default"] == 1
    assert told["sandwarden_actions_open", "kill", "queued"] == 1
    assert told["sandwarden_build_info", "0.1.0"] == 1


def test_openmetrics_is_spoken_too(settings: Any) -> None:
    settings.METRICS_PUBLIC = True
    response = Client().get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response.content.endswith(b"# EOF\n")


def test_free_disk_is_told(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.METRICS_PUBLIC = True
    monkeypatch.setattr(disk, "space", lambda: disk.Space(3 * disk.GIB, 100 * disk.GIB))
    told = {name: value for (name, *labels), value in read(Client()).items() if not labels}
    assert told["sandwarden_disk_free_bytes"] == 3 * disk.GIB
    assert told["sandwarden_disk_total_bytes"] == 100 * disk.GIB
