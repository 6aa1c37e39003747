"""Six messages in ten minutes are enough for people: what follows is one digest, but for what is critical."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.models import Delivery
from sandboxes.notifications import digests
from sandboxes.notifications.digests import Told, Waiting, choose
from tests.support import channels
from tests.support.channels import alert, send_all, states, tell
from tests.support.sink import Answer, Sink

NOW = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)


class Slack:
    """A Slack channel, and what arrived on it, on a clock that stands still until it is moved."""

    def __init__(self, sink: Sink, clock: time_machine.Traveller) -> None:
        self.sink, self.clock = sink, clock
        channels.channel("slack", "slack", f"{sink.url}/services/x")

    def told(self, subject: str, **fields: object) -> None:
        tell("slack", subject=subject, data=alert(text=f"alert {subject}"), **{"cause": subject, **fields})  # type: ignore[arg-type]
        send_all()

    @property
    def titles(self) -> list[str]:
        return [one.json["text"].partition("\n")[0] for one in self.sink.requests]


@pytest.fixture
def slack(db: None, mailbox: object, transactional_db: None, sink: Sink):
    with time_machine.travel(NOW, tick=False) as clock:
        yield Slack(sink, clock)


def test_what_follows_six_messages_is_one_digest_when_ten_minutes_are_over(slack: Slack) -> None:
    for number in range(9):
        slack.told(str(number))
        slack.clock.shift(timedelta(seconds=10))
    assert slack.titles == [f"[warning] alert {number}" for number in range(6)]
    slack.clock.move_to(NOW + timedelta(minutes=10))
    send_all()
    assert slack.titles[6:] == ["3 notifications"]
    body = json.dumps(slack.sink.requests[6].json)
    assert all(f"alert {number}" in body for number in (6, 7, 8))
    send_all()
    assert states("slack") == ["sent"] * 9
    assert len(slack.titles) == 7


def test_single_message_that_was_held_is_itself(slack: Slack) -> None:
    for number in range(7):
        slack.told(str(number))
    slack.clock.move_to(NOW + timedelta(minutes=10))
    send_all()
    assert slack.titles[6:] == ["[warning] alert 6"]


def test_critical_one_is_told_at_once_once_for_each_cause(slack: Slack) -> None:
    for number in range(7):
        slack.told(str(number))
    slack.told("a", severity="critical", cause="disk")
    slack.told("b", severity="critical", cause="disk")
    slack.told("c", severity="critical", cause="key")
    assert slack.titles[6:] == ["[critical] alert a", "[critical] alert c"]
    slack.clock.move_to(NOW + timedelta(minutes=10))
    send_all()
    assert slack.titles[8:] == ["2 notifications"]


def test_digest_that_did_not_arrive_is_sent_again_as_it_was(slack: Slack) -> None:
    for number in range(8):
        slack.told(str(number))
    slack.sink.by_path = {"/services/x": Answer(503)}
    slack.clock.move_to(NOW + timedelta(minutes=10))
    send_all()
    first = slack.sink.requests[-1].body
    named = set(Delivery.objects.exclude(digest=None).values_list("digest", flat=True))
    slack.sink.by_path = {}
    slack.told("later")
    slack.clock.shift(timedelta(seconds=30))
    send_all()
    assert first in [one.body for one in slack.sink.requests[7:]]
    assert len(named) == 1
    assert set(Delivery.objects.exclude(digest=None).values_list("digest", flat=True)) == named
    assert states("slack") == ["sent"] * 9


def test_three_hundred_at_once_are_seven_messages(slack: Slack) -> None:
    for number in range(300):
        tell("slack", subject=str(number), data=alert(text=f"alert {number}"))
    send_all()
    assert len(slack.titles) == 6
    slack.clock.shift(timedelta(minutes=10))
    send_all()
    assert slack.titles[6:] == ["200 notifications", "94 notifications"]


def test_webhook_gets_every_message_under_its_own_id(transactional_db: None, mailbox: object, sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url)
    for number in range(20):
        tell("hook", subject=str(number))
    send_all()
    assert len({one.headers["webhook-id"] for one in sink.requests}) == 20


def test_second_about_one_subject_waits_for_a_first_that_is_not_due() -> None:
    first = Waiting(1, "a", "alert.firing", "x", is_due=False)
    second, other = Waiting(2, "a", "alert.resolved", "x"), Waiting(3, "b", "alert.firing", "y")
    assert choose("slack", [first, second, other], [], NOW).now == [3]
    assert choose("slack", [first, second], [], NOW).now == ()


SUBJECTS = st.sampled_from("abc")
WAITING = st.lists(
    st.builds(
        Waiting, key=st.just(0), subject=SUBJECTS, type=st.sampled_from(["alert.firing", "alert.resolved"]),
        cause=SUBJECTS, critical=st.booleans(), is_due=st.booleans(), was_held=st.booleans(),
    ),
    max_size=12,
).map(lambda rows: [Waiting(**{**vars(row), "key": number}) for number, row in enumerate(rows)])  # fmt: skip
TOLD = st.lists(
    st.builds(
        Told, at=st.integers(0, 900).map(lambda ago: NOW - timedelta(seconds=ago)),
        what=st.frozensets(st.tuples(st.sampled_from(["alert.firing", "alert.resolved"]), SUBJECTS)),
    ),
    max_size=12,
)  # fmt: skip


@given(kind=st.sampled_from(["slack", "email", "webhook", "pagerduty"]), waiting=WAITING, told=TOLD)
def test_order_and_number_hold_whatever_waits(kind: str, waiting: list[Waiting], told: list[Told]) -> None:
    choice = choose(kind, waiting, told, NOW)
    sent = [waiting[key] for key in choice.now]
    for one in sent:  # nothing goes before an earlier one about the same
        earlier = [other for other in waiting if other.subject == one.subject and other.key < one.key]
        assert all(other in sent for other in earlier)
        assert one.is_due
    recent = [one for one in told if one.at > NOW - timedelta(minutes=10)]
    if kind in {"slack", "email"} and len(recent) >= 6 and sent:
        (only,) = sent
        assert only.critical
        assert all((only.type, only.cause) not in one.what for one in recent)
    if kind in {"webhook", "pagerduty"}:
        assert len(sent) <= 1
        assert not choice.hold
    if choice.hold:
        assert choice.until is not None
        assert NOW < choice.until <= NOW + timedelta(minutes=10)
        assert sum(one.at > choice.until - digests.WINDOW for one in told) < digests.MOST
    due = {one.subject for one in reversed(waiting)} & {
        subject for subject in "abc" if next((o.is_due for o in waiting if o.subject == subject), False)
    }
    assert bool(due) == bool(choice.now or choice.hold)  # what is due is never just left
