"""Which of many were used last: at work now, else by the record; every one has at least the start of its run."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.actions.last_activity import last_signs
from tests.support import records
from tests.support.records import Reading

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    now = timezone.now()
    quiet, busy = records.sandbox(started_at=now - timedelta(hours=1)), records.sandbox()
    records.frame({quiet.pk: Reading(cpu=0.4), busy.pk: Reading(cpu=61)}, at=now)
    signs = last_signs([quiet.pk, busy.pk], now, enough=5)
    assert (signs[busy.pk].what, signs[busy.pk].cpu_pct) == ("cpu", 61)
    assert (signs[quiet.pk].what, signs[quiet.pk].at) == ("run", quiet.started_at)


def test_enough_at_work_this_moment_need_no_look_into_the_record() -> None:
    now = timezone.now()
    quiet, busy = records.sandbox(), records.sandbox()
    records.frame({quiet.pk: Reading(cpu=0.4), busy.pk: Reading(cpu=61)}, at=now)
    assert set(last_signs([quiet.pk, busy.pk], now, enough=1)) == {busy.pk}


def test_the_question_names_those_used_last_and_says_why(person: Client) -> None:
    now = timezone.now()
    fresh = records.sandbox("ifresh", started_at=now - timedelta(minutes=3))
    old = records.sandbox("iold", started_at=now - timedelta(hours=5))
    records.frame({old.pk: Reading(cpu=40)}, at=now)
    page = person.post("/act/ask/", {"kind": "kill", "key": [fresh.pk, old.pk]}).content.decode()
    assert page.index("iold") < page.index("ifresh")
    assert "CPU <b>40.0%</b> now" in page
    assert "started" in page
