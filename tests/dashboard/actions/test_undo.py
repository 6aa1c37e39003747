"""What a toast offers to take back is taken back exactly, and nothing else is offered."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from dashboard.models import SavedView
from sandboxes.models import Action, Sandbox, SandboxLock
from tests.support import records


@pytest.fixture(autouse=True)
def _quiet(mailbox: object) -> None:
    """What is told to the pages goes over Redis."""


def lock_of(box: Sandbox) -> SandboxLock:
    return SandboxLock.objects.get(sandboxes=box)


def asked(person: Client, kind: str, *boxes: Sandbox, **more: str) -> dict[str, Any]:
    answer = person.post("/act/", {"kind": kind, "key": [box.pk for box in boxes], **more})
    told: dict[str, Any] = json.loads(answer["HX-Trigger"])["toast"]
    return told


def test_protection_is_undone_and_its_audit_entry_is_linked(person: Client) -> None:
    box = records.sandbox("ione")
    told = asked(person, "protect", box, reason="debugging")
    assert told["trail"] == f"/cleanup/#action-{Action.objects.get().pk}"
    person.post(told["undo"]["url"], told["undo"]["values"])
    assert not lock_of(box).protected


def test_end_of_protection_is_undone_with_its_reason_and_end(person: Client) -> None:
    box = records.sandbox("ione")
    asked(person, "protect", box, reason="debugging", minutes="90")
    until = lock_of(box).protected_until
    told = asked(person, "unprotect", box)
    assert not lock_of(box).protected
    person.post(told["undo"]["url"], told["undo"]["values"])
    lock = lock_of(box)
    assert (lock.protected, lock.protected_reason) == (True, "debugging")
    assert until is not None
    assert lock.protected_until is not None
    assert abs(lock.protected_until - until) <= timedelta(minutes=1)


def test_undo_never_takes_a_protection_that_was_there_before(person: Client) -> None:
    old, new = records.sandbox("iold"), records.sandbox("inew")
    asked(person, "protect", old, reason="for good")
    told = asked(person, "protect", old, new, reason="both")
    assert "undo" not in told
    assert "undo" not in asked(person, "protect", old, reason="again")


def test_many_that_had_none_are_undone_together(person: Client) -> None:
    boxes = [records.sandbox(f"i{n}") for n in range(3)]
    told = asked(person, "protect", *boxes, reason="both")
    person.post(told["undo"]["url"], told["undo"]["values"])
    assert not any(lock_of(box).protected for box in boxes)


@pytest.mark.parametrize(("kind", "more"), [("kill", {}), ("pause", {}), ("extend", {"minutes": "5"})])
def test_nothing_is_offered_for_what_cannot_be_undone(person: Client, kind: str, more: dict[str, str]) -> None:
    assert "undo" not in asked(person, kind, records.sandbox("ione"), **more)


def test_rest_of_a_bulk_request_is_stopped(person: Client) -> None:
    boxes = [records.sandbox(f"i{n}") for n in range(3)]
    asked(person, "kill", *boxes, typed="3")
    first, *waiting = Action.objects.order_by("id")
    records.brought_to(Action.objects.filter(pk=first.pk), "sent")
    answer = person.post(f"/act/bulk/{first.bulk_id}/stop/")
    assert json.loads(answer["HX-Trigger"])["toast"]["text"] == "Stopped 2; what had been sent goes on."
    assert sorted(Action.objects.values_list("state", flat=True)) == ["cancelled", "cancelled", "sent"]
    assert {one.pk for one in waiting} == set(Action.objects.filter(state="cancelled").values_list("pk", flat=True))
    assert person.post(f"/act/bulk/{first.bulk_id}/stop/").status_code == 409


def test_rest_of_another_ones_request_is_not_stopped(person: Client) -> None:
    box = records.sandbox("ione")
    made = records.action(box, actor_name="bob", bulk_id="6f1c2f0e-3f5a-4c1f-9d3b-2a6f0c9e7b11")
    assert person.post(f"/act/bulk/{made.bulk_id}/stop/").status_code == 409
    assert Action.objects.get().state == "queued"


def test_deleted_view_is_offered_back_on_the_next_page(person: Client) -> None:
    person.post("/table/views/", {"name": "mine", "address": "?owner=ada", "shared": "on"})
    view = SavedView.objects.get()
    kept = (view.name, view.address, view.shared)
    page = person.post(f"/table/views/{view.pk}/change/", {"do": "delete"}, follow=True)
    (message,) = page.context["messages"]
    told = json.loads(str(message))
    assert not SavedView.objects.exists()
    person.post(told["undo"]["url"], told["undo"]["values"])
    back = SavedView.objects.get()
    assert (back.name, back.address, back.shared) == kept
    assert "data-toast" not in person.get("/sandboxes/").content.decode(), "said once"
