"""At least once, in order, under the same ID; tried again for a day; one that hangs delays no other."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction
from redis import Redis

from sandboxes.models import Channel, Delivery, Notification
from sandboxes.models.fields import Sealed
from sandboxes.notifications import claims, events, notifier, outbox, retrying, wake
from sandboxes.notifications.notifier import Notifier
from sandboxes.notifications.outcomes import Outcome
from sandboxes.notifications.results import note
from tests.support import channels
from tests.support.channels import send_all, states, tell
from tests.support.sink import Answer, Sink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
NOW = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]
SENDER = """
import asyncio, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {name!r}
from sandboxes.notifications.notifier import Notifier
asyncio.run(Notifier().run(asyncio.Event()))
"""


def test_what_was_told_in_a_transaction_that_failed_is_not_sent(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url)
    with transaction.atomic():
        tell("hook")
        transaction.set_rollback(True)
    send_all()
    assert (sink.requests, Notification.objects.count()) == ([], 0)


def test_killed_between_sent_and_noted_it_is_told_again_with_the_same_id(sink: Sink) -> None:
    channels.channel("pd", "pagerduty", sink.url)
    channels.channel("hook", "webhook", f"{sink.url}/hook")
    never = threading.Event()
    sink.by_path = {"/hook": Answer(until=never), "/v2/enqueue": Answer(202, until=never)}
    told = tell("pd", "hook")
    child = subprocess.Popen(
        [sys.executable, "-c", SENDER.format(name=connection.settings_dict["NAME"])], cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip
    try:
        sink.wait(2)  # taken over there, and no answer read here
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert states("pd") + states("hook") == ["waiting", "waiting"]
    sink.by_path = {}
    send_all()
    assert len(sink.requests) == 2, "another sender's lease is kept"
    with time_machine.travel(datetime.now(UTC) + claims.LEASE + timedelta(seconds=1)):
        send_all()
    first, second = (one for one in sink.requests if one.path == "/hook")
    assert {first.headers["webhook-id"], second.headers["webhook-id"]} == {str(told.pk)}
    assert first.body == second.body
    assert [one.json["dedup_key"] for one in sink.requests if one.path == "/v2/enqueue"] == ["7", "7"]
    assert states("pd") + states("hook") == ["sent", "sent"]


def test_what_is_about_one_alert_keeps_its_order_while_others_go_on(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url)
    tell("hook", subject="7")
    sink.answer(Answer(503), Answer())
    with time_machine.travel(NOW, tick=False) as clock:
        Delivery.objects.update(next_try_at=NOW)
        send_all()
        tell("hook", type_="alert.resolved", subject="7")
        tell("hook", subject="8")
        send_all()
        assert types(sink) == ["alert.firing", "alert.firing"]  # 7, which failed, and 8
        clock.shift(timedelta(seconds=30))
        send_all()
    assert types(sink) == ["alert.firing", "alert.firing", "alert.firing", "alert.resolved"]
    assert states("hook") == ["sent"] * 3


def types(sink: Sink) -> list[str]:
    return [one.json["type"] for one in sink.requests]


def test_ten_retries_within_a_day_and_then_it_fails_with_its_words(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url)
    sink.answer(Answer(500, b"down"))
    with time_machine.travel(NOW, tick=False) as clock:
        tell("hook")
        for _ in range(11):
            send_all()
            waiting = Delivery.objects.get()
            if waiting.next_try_at is not None:
                clock.move_to(waiting.next_try_at)
        last = datetime.now(UTC)
    failed = Delivery.objects.get()
    assert (failed.state, failed.attempts, len(sink.requests)) == ("failed", 11, 11)
    assert last - NOW == timedelta(hours=24)
    assert failed.error == "gave up after 24 h: it answered 500 down"
    assert len({one.headers["webhook-id"] for one in sink.requests}) == 1


@pytest.mark.parametrize("asked", [None, 5.0, 100.0, 1e9, -3.0])
def test_pause_is_never_shorter_than_planned_nor_longer_than_an_hour_more(asked: float | None) -> None:
    for attempts, planned in enumerate(retrying.PAUSES, 1):
        pause = retrying.pause(attempts, asked)
        assert pause is not None
        assert planned <= pause.total_seconds() <= max(planned, retrying.LONGEST_ASKED)
    assert retrying.pause(len(retrying.PAUSES) + 1) is None


def test_channel_that_hangs_does_not_delay_another(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Driven by what arrives: the second channel's message comes while the first one still has no answer, and without
    a tick of the clock."""
    monkeypatch.setattr(notifier, "TICK_SECONDS", 3600.0)
    release = threading.Event()
    sink.by_path = {"/hangs": Answer(until=release)}
    channels.channel("hangs", "webhook", f"{sink.url}/hangs")
    channels.channel("works", "webhook", f"{sink.url}/works")
    tell("hangs", "works")
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    loop.call_soon(ready.set)
    thread = threading.Thread(target=lambda: loop.run_until_complete(Notifier().run(stop)))
    thread.start()
    try:
        ready.wait()
        sink.wait(1, lambda one: one.path == "/hangs")
        sink.wait(1, lambda one: one.path == "/works")
        tell("works", subject="8")  # wakes it, past the one that still hangs
        sink.wait(2, lambda one: one.path == "/works")
        assert states("hangs") == ["waiting"]
    finally:
        release.set()
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
    assert states("hangs") + states("works") == ["sent"] * 3


def test_word_is_given_once_what_is_told_is_on_disk(sink: Sink, mailbox: Redis) -> None:
    channels.channel("hook", "webhook", sink.url)
    with mailbox.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(wake.CHANNEL)
        heard.get_message(timeout=10)  # that it is subscribed
        with transaction.atomic():
            tell("hook")
            assert heard.get_message() is None
        assert heard.get_message(timeout=10) is not None


async def test_sleeping_sender_is_woken_by_the_word(mailbox: Redis) -> None:
    woken = asyncio.Event()
    async with wake.listening(woken), asyncio.timeout(10):
        await woken.wait()  # it listens
        woken.clear()
        mailbox.publish(wake.CHANNEL, b"1")
        await woken.wait()


def test_two_senders_never_send_one_message_twice(sink: Sink) -> None:
    made = channels.channel("hook", "webhook", sink.url)
    tell("hook")
    tell("hook", subject="8")
    now = datetime.now(UTC)
    first = claims.claim(made.pk, now)
    assert first is not None
    assert claims.claim(made.pk, now) is None
    note(first, Outcome(answer="202"), 5, now)
    second = claims.claim(made.pk, now)
    assert second is not None
    assert [one.notification.subject for one in (*first.deliveries, *second.deliveries)] == ["7", "8"]
    assert states("hook") == ["sent", "waiting"]


def test_lease_of_before_the_clock_was_set_back_is_none(sink: Sink) -> None:
    made = channels.channel("hook", "webhook", sink.url)
    tell("hook")
    future = datetime.now(UTC) + timedelta(days=3)
    assert claims.claim(made.pk, future) is not None
    tell("hook", subject="8")
    assert claims.claim(made.pk, datetime.now(UTC)) is not None


@pytest.mark.parametrize(("fields", "why"), [
    ({"enabled": False}, "the channel is disabled"),
    ({"min_severity": "critical"}, "the channel takes critical and above"),
    ({"events": ("limit.reached",)}, "the channel does not ask for alert.firing"),
])  # fmt: skip
def test_channel_that_does_not_want_it_says_why(sink: Sink, fields: dict[str, object], why: str) -> None:
    channels.channel("hook", "webhook", sink.url, **fields)
    tell("hook")
    send_all()
    assert sink.requests == []
    assert Delivery.objects.values_list("state", "error").get() == ("suppressed", why)


def test_end_is_only_told_where_the_firing_was(sink: Sink) -> None:
    channels.channel("first", "webhook", f"{sink.url}/first")
    channels.channel("later", "webhook", f"{sink.url}/later")
    tell("first")
    send_all()
    assert outbox.told_on("7") == ["first"]
    tell("first", "later", type_="alert.resolved")
    send_all()
    assert [(one.path, one.json["type"]) for one in sink.requests] == [
        ("/first", "alert.firing"), ("/first", "alert.resolved"),
    ]  # fmt: skip
    assert Delivery.objects.get(channel_name="later").error == "its firing was not told here"


def test_end_of_what_never_arrived_is_not_told(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url)
    tell("hook")
    tell("hook", type_="alert.resolved")
    sink.answer(Answer(410))
    send_all()
    assert len(sink.requests) == 1
    assert states("hook") == ["failed", "suppressed"]
    assert outbox.told_on("7") == []


def test_disabled_or_removed_channel_leaves_what_waits_unsent(sink: Sink) -> None:
    made = channels.channel("hook", "webhook", sink.url)
    tell("hook")
    from sandboxes.notifications import book

    book.remove(made)
    send_all()
    assert sink.requests == []
    assert Delivery.objects.values_list("state", "error", "channel_name").get() == (
        "suppressed", "the channel was removed", "hook",
    )  # fmt: skip


def test_message_that_was_sent_can_be_sent_again_under_its_id(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url)
    tell("hook")
    send_all()
    outbox.send_again(Delivery.objects.get())
    send_all()
    first, second = sink.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_suppressed_message_is_not_sent_again(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url, min_severity="critical")
    tell("hook")
    with pytest.raises(outbox.NotAgain, match="never meant"):
        outbox.send_again(Delivery.objects.get())


def test_fault_of_ours_is_a_failure_that_may_pass(sink: Sink) -> None:
    made = channels.channel("hook", "webhook", sink.url)
    Channel.objects.filter(pk=made.pk).update(secret=Sealed("fernet:broken"))
    tell("hook")
    send_all()
    waiting = Delivery.objects.get()
    assert waiting.state == "waiting"
    assert "can't be opened" in waiting.error


def test_types_of_the_contract_are_those_that_can_be_asked_for() -> None:
    assert set(events.EVENTS) == set(channels.ALL)
