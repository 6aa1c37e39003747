"""HEARTBEAT_URL is called while poll, sync and reap are in time, and left out while one of them is not."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard import tasks
from dashboard.system import on_time
from sandboxes.core import ticks
from sandboxes.models import AccountHealth, Heartbeat
from tests.support import records
from tests.support.sink import Answer, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sink(settings):
    with serving() as found:
        settings.HEARTBEAT_URL = f"{found.url}/ping/a-secret-of-its-own"
        yield found


@pytest.fixture
def all_well():
    now = timezone.now()
    ticks.note(ticks.REAP)
    return AccountHealth.objects.create(account=records.account(), last_poll_at=now, last_sync_at=now)


def test_it_is_called_while_everything_is_in_time(sink, all_well):
    tasks.call_heartbeat()
    assert [one.path for one in sink.requests] == ["/ping/a-secret-of-its-own"]
    assert on_time.called(timezone.now()).ok


@pytest.mark.parametrize("name", ["poll", "sync", "reap"])
def test_it_is_left_out_while_one_is_late(sink, all_well, name):
    late = timezone.now() - timedelta(minutes=5)
    if name == "reap":
        Heartbeat.objects.filter(name=ticks.REAP).update(at=late)
    else:
        AccountHealth.objects.update(**{f"last_{name}_at": late})
    tasks.call_heartbeat()
    assert sink.requests == []
    assert [one for one, part in on_time.parts(timezone.now()).items() if not part.ok] == [name]


@pytest.mark.parametrize("name", ["poll", "sync"])
def test_backend_that_is_away_is_tried_in_time(sink, all_well, name):
    late = timezone.now() - timedelta(minutes=5)
    AccountHealth.objects.update(**{f"last_{name}_at": late, f"{name}_failed_at": timezone.now()})
    tasks.call_heartbeat()
    assert len(sink.requests) == 1


def test_one_account_of_two_that_is_late_is_enough(sink, all_well):
    late = timezone.now() - timedelta(minutes=5)
    AccountHealth.objects.create(account=records.account("other"), last_poll_at=late, last_sync_at=late)
    tasks.call_heartbeat()
    assert sink.requests == []


def test_call_that_fails_is_seen_and_its_address_is_not_in_the_log(sink, all_well, caplog):
    sink.answer(Answer(503))
    tasks.call_heartbeat()
    assert not on_time.called(timezone.now()).ok
    assert "status 503" in caplog.text
    assert "a-secret-of-its-own" not in caplog.text


def test_system_page_names_what_is_late(sink, all_well, static_files, mailbox):
    Heartbeat.objects.filter(name=ticks.REAP).update(at=timezone.now() - timedelta(seconds=500))
    client = Client()
    client.force_login(records.member("ada", "admin"))
    page = client.get("/settings/system/").content.decode()
    assert re.search(r"\b5\d\d s ago", page)
    assert "a-secret-of-its-own" not in page
