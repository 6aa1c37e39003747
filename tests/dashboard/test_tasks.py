"""What is old goes: one task, once an hour."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from dashboard.api.idempotency import Answer, once
from dashboard.models import IdempotentAnswer
from dashboard.tasks import RetentionFailed, retain
from events.models import LifecycleEvent
from tests.support import records


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


@pytest.mark.django_db
@pytest.mark.parametrize("broken", ["forgetting.forget_set_aside", "retention.apply", "fleet_retention.apply"])
def test_failing_deletion_skips_no_other(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise DatabaseError("disk full")

    ran = []
    for name in (
        "forgetting.forget_set_aside",
        "retention.apply",
        "fleet_retention.apply",
        "IdempotentAnswer.delete_old",
    ):
        stand_in = fails if name == broken else lambda *_, name=name: ran.append(name)
        monkeypatch.setattr(f"dashboard.tasks.{name}", stand_in)
    with pytest.raises(RetentionFailed, match="not deleted: "):
        retain()
    assert len(ran) == 3
