"""The audit trail: what was asked for at once is one entry."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from dashboard.cleanup import trail
from sandboxes.models import Action
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db


def newest() -> list[trail.Entry]:
    return trail.entries(Action.objects.order_by("-requested_at", "-id"))


def test_bulk_request_is_one_entry_that_counts_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "LISTED", 2)
    monkeypatch.setattr(trail, "LOOKED_THROUGH", 4)
    bulk = uuid4()
    for number in range(6):
        records.action(records.sandbox(), state="failed" if number == 5 else "cancelled", bulk_id=bulk)
    (entry,) = newest()
    assert (entry.count, len(entry.actions), entry.rest) == (6, 2, 4)
    assert entry.states == [("cancelled", 5), ("failed", 1)]


def test_single_actions_stay_apart_and_a_policys_round_is_one() -> None:
    for minutes in (0, 0, 3):
        records.action(
            records.sandbox(), state="cancelled", actor_kind="policy", actor_name="old", policy_version=1,
            requested_at=NOW.replace(second=0, microsecond=0) - timedelta(minutes=minutes),
        )  # fmt: skip
    for _ in range(2):
        records.action(records.sandbox(), state="cancelled", requested_at=NOW - timedelta(hours=1))
    assert [entry.count for entry in newest()] == [2, 1, 1, 1]


def test_as_many_entries_as_fit_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "ENTRIES", 3)
    for _ in range(5):
        records.action(records.sandbox(), state="cancelled")
    assert len(newest()) == 3


def test_group_unfolds_on_the_page(staff: Client) -> None:
    bulk = uuid4()
    boxes = [records.sandbox(template_name="runner") for _ in range(3)]
    for box in boxes:
        records.action(box, state="cancelled", bulk_id=bulk, reason="left over")
    page = " ".join(staff.get("/cleanup/").content.decode().split())
    assert "kill <b>3</b>" in page
    assert all(box.sandbox_id in page for box in boxes)
    assert "3 cancelled" in page
