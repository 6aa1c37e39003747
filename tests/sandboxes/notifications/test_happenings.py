"""What happens to sandboxes reaches webhook channels that ask for it, each once, over restarts, and nobody else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sandboxes.actions import audit
from sandboxes.models import Action, HappeningsMark, Notification
from sandboxes.notifications import happenings, outbox
from tests.support import channels, records
from tests.support.channels import send_all
from tests.support.sink import Sink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
WANTED = ("orphan.marked", "action.confirmed", "action.failed")


def sealed_round() -> None:
    audit.seal()
    send_all()


def marked(name: str) -> Action:
    box = records.sandbox(name, owner="ada")
    return records.action(
        box, "kill", "grace", requested_at=timezone.now(), act_at=timezone.now() + timedelta(minutes=10),
        actor_kind="policy", actor_name="old ones", policy=records.policy(),
    )  # fmt: skip


def test_each_is_told_once_with_what_it_is_about(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url, events=WANTED)
    sealed_round()
    marked("i1")
    for name, state in (("i2", "confirmed"), ("i3", "failed")):
        records.action(records.sandbox(name), "kill", state, requested_at=timezone.now(), error="refused")
    sealed_round()
    sealed_round()
    told = sorted((r.json["type"], r.json["data"]["sandbox_id"]) for r in sink.requests)
    assert told == [
        ("action.confirmed", "i2"), ("action.failed", "i3"), ("orphan.marked", "i1"),
    ]  # fmt: skip
    failed = next(r.json for r in sink.requests if r.json["type"] == "action.failed")
    assert failed["data"]["error"] == "refused"
    assert failed["data"]["account"] == "default"


def test_nothing_is_noted_where_no_channel_asks_and_none_of_before_is_told(sink: Sink) -> None:
    marked("i1")
    sealed_round()
    assert (Notification.objects.count(), HappeningsMark.objects.count()) == (0, 0)
    channels.channel("hook", "webhook", sink.url, events=WANTED)
    sealed_round()
    assert sink.requests == []


def test_what_happened_while_nobody_looked_is_told_later(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    channels.channel("hook", "webhook", sink.url, events=("orphan.marked",))
    sealed_round()
    monkeypatch.setattr(happenings, "MOST_AT_ONCE", 3)
    for number in range(10):
        marked(f"i{number}")
    for _ in range(8):
        sealed_round()
    assert sorted(r.json["data"]["sandbox_id"] for r in sink.requests) == [f"i{number}" for number in range(10)]


def test_round_that_fails_moves_no_mark(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    channels.channel("hook", "webhook", sink.url, events=("orphan.marked",))
    sealed_round()
    marked("i1")
    audit.seal()

    def broken(**_: object) -> None:
        raise RuntimeError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "tell", broken)
        with pytest.raises(RuntimeError):
            happenings.tell_all()
    send_all()
    assert len(sink.requests) == 1


def test_action_of_a_person_in_grace_is_no_marked_orphan(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url, events=("orphan.marked",))
    sealed_round()
    records.action(records.sandbox("i1"), "kill", "grace", requested_at=timezone.now(), actor_kind="user")
    sealed_round()
    assert sink.requests == []
