"""What is old goes: one task, once an hour."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.idempotency import Answer, once
from dashboard.models import IdempotentAnswer
from dashboard.tasks import retain
from events.models import LifecycleEvent
from tests import records


@pytest.mark.django_db
def test_answers_go_after_a_day_and_events_after_ninety() -> None:
    now = timezone.now()
    for key, hours in (("old", 25), ("young", 23)):
        once("robot", key, "d", lambda: Answer(202, b"{}"), now - timedelta(hours=hours))
    for name, days in (("old", 91), ("young", 89)):
        records.event(name, timestamp=now - timedelta(days=days))
    retain()
    assert IdempotentAnswer.objects.get().key == "young"
    assert LifecycleEvent.objects.get().sandbox_id == "young"
