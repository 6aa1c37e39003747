"""What waits in grace: together by policy, template and moment; stopped one by one or as it was shown."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.cleanup import grace
from sandboxes.models import Action, Freeze
from tests.support import records


def mark(template: str, minutes: float, owner: str = "", policy: str = "old ones") -> Action:
    now = timezone.now()
    return records.action(
        records.sandbox(template_id=template, owner=owner or None, burn_usd_per_hour="0.25"),
        state="grace",
        actor_kind="policy",
        actor_name=policy,
        requested_at=now - timedelta(minutes=10 - minutes),
        act_at=now + timedelta(minutes=minutes),
    )


@pytest.mark.django_db
def test_it_works() -> None:
    marks = [mark("swe", 4, "ada"), mark("base", 5), mark("swe", 4, "bob"), mark("swe", 4, policy="another")]
    waiting = list(Action.objects.order_by("act_at", "id").select_related("sandbox"))
    found = grace.groups(waiting, timezone.now())
    assert [(group.policy, group.template, group.count) for group in found] == [
        ("old ones", "swe", 2),
        ("another", "swe", 1),
        ("old ones", "base", 1),
    ]
    first = found[0]
    assert (first.owners, first.usd_per_hour, set(first.ids)) == ("ada and bob", 0.5, {marks[0].pk, marks[2].pk})
    assert 39 < first.left_pct <= 40
    assert [one.row.key for one in first.marks] == [marks[0].sandbox_id, marks[2].sandbox_id]


def test_the_page_shows_them_together_and_stops_them_together(person: Client) -> None:
    marks = [mark("swe", 4) for _ in range(2)]
    late = mark("swe", 4)
    html = person.get("/cleanup/").content.decode()
    assert "Stop 3" in html
    records.brought_to(Action.objects.filter(pk=late.pk), "sent")
    answer = person.post("/act/stop/", {"id": [one.pk for one in (*marks, late)]})
    assert json.loads(answer["HX-Trigger"])["toast"]["text"] == "Stopped 2: excluded for 24 h; 1 no longer pending."
    assert sorted(Action.objects.values_list("state", flat=True)) == ["cancelled", "cancelled", "sent"]
    assert person.post("/act/stop/", {"id": [late.pk]}).status_code == 409
    assert "Nothing pending" in person.get("/cleanup/").content.decode()


@pytest.mark.django_db
def test_grace_grows_no_shorter_while_policies_are_frozen() -> None:
    mark("swe", 4)
    waiting = list(Action.objects.select_related("sandbox"))
    now = timezone.now()
    frozen = Freeze(at=now, by="ada")
    (group,) = grace.groups(waiting, now + timedelta(minutes=3), frozen)
    assert 39 < group.left_pct <= 40


def test_grace_of_a_policy_is_told_to_the_second(person: Client) -> None:
    records.policy(grace_seconds=90)
    assert "after 1 min 30 s" in person.get("/cleanup/").content.decode()
