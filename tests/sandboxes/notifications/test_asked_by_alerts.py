"""What alerts ask for: what became of an alert's messages, and which channels fail."""

from datetime import UTC, datetime, timedelta

import pytest

from sandboxes.models import Channel
from sandboxes.notifications import book, claims, health, outbox
from sandboxes.notifications.outcomes import Outcome
from sandboxes.notifications.results import note
from tests.support import channels
from tests.support.channels import send_all, states, tell
from tests.support.sink import Answer, Sink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]


def test_deliveries_of_an_alert_are_told_in_their_order(sink: Sink) -> None:
    channels.channel("one", "webhook", f"{sink.url}/one")
    channels.channel("two", "webhook", f"{sink.url}/two", min_severity="critical")
    tell("one", "two", subject="7")
    tell("one", subject="8")
    send_all()
    tell("one", type_="alert.resolved", subject="7")
    found = outbox.deliveries_of(["7", "9"])
    assert [(one.channel_name, one.notification.type, one.state) for one in found["7"]] == [
        ("one", "alert.firing", "sent"), ("two", "alert.firing", "suppressed"), ("one", "alert.resolved", "waiting"),
    ]  # fmt: skip
    assert found.keys() == {"7"}


def test_channel_fails_from_its_first_failure_until_something_arrives(sink: Sink) -> None:
    made = channels.channel("hook", "webhook", sink.url)
    sink.answer(Answer(500, b"down"))
    tell("hook")
    send_all()
    (failing,) = health.failing(datetime.now(UTC))
    assert (failing[0], failing[2]) == ("hook", "it answered 500 down")
    assert health.failing(failing[1] - timedelta(seconds=1)) == []
    tell("hook", subject="8")
    send_all()
    assert health.failing(datetime.now(UTC)) == [failing], "the second failure begins nothing anew"
    sink.answer(Answer())
    tell("hook", subject="9")
    send_all()
    assert health.failing(datetime.now(UTC)) == []
    assert made.name == "hook"


def test_channel_that_is_disabled_is_not_failing(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url)
    sink.answer(Answer(410))
    tell("hook")
    send_all()
    Channel.objects.update(enabled=False)
    assert health.failing(datetime.now(UTC)) == []


def test_what_was_sent_while_its_channel_was_removed_is_sent(sink: Sink) -> None:
    made = channels.channel("hook", "webhook", sink.url)
    tell("hook")
    now = datetime.now(UTC)
    claim = claims.claim(made.pk, now)
    assert claim is not None
    book.remove(made)
    note(claim, Outcome(answer="200 ok"), 7, now)
    assert states("hook") == ["sent"]


def test_name_of_no_channel_is_left_out_and_noted_in_the_log(sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    channels.channel("hook", "webhook", sink.url)
    tell("gone", "hook", "hook")
    assert states("hook") == ["waiting"]
    assert "channels that are gone: gone" in caplog.text
