"""A session ends after 12 hours without a request, and after 7 days in any case."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from dashboard.models import Member
from tests.support import records

HOUR = timedelta(hours=1)


@pytest.fixture
def signed_in(db: None, static_files: object) -> Client:
    client = Client()
    client.force_login(records.member("ada", "admin"))
    return client


def gets_in(client: Client) -> bool:
    return client.get("/settings/password/").status_code == 200


def test_session_without_a_request_for_12_hours_is_over(signed_in: Client) -> None:
    with time_machine.travel(timezone.now() + 11 * HOUR, tick=False):
        assert gets_in(signed_in)
    with time_machine.travel(timezone.now() + 22 * HOUR, tick=False):
        assert gets_in(signed_in), "the request after 11 h moved the end"
    with time_machine.travel(timezone.now() + 35 * HOUR, tick=False):
        assert not gets_in(signed_in)


def test_session_in_use_is_over_after_7_days(signed_in: Client) -> None:
    start = timezone.now()
    for hours in range(11, 168, 11):
        with time_machine.travel(start + hours * HOUR, tick=False):
            assert gets_in(signed_in), hours
    with time_machine.travel(start + 168 * HOUR, tick=False):
        assert not gets_in(signed_in)


def test_request_notes_when_a_person_was_last_there(signed_in: Client) -> None:
    with time_machine.travel(timezone.now() + HOUR, tick=False):
        assert gets_in(signed_in)
        told = signed_in.get("/api/v1/users").json()["items"][0]["last_seen_at"]
        assert Member.objects.get(user__username="ada").last_seen_at == timezone.now()
        assert told == timezone.now().isoformat().replace("+00:00", "Z")
