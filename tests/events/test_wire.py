"""One JSON object, either spelling, one event; what cannot be read says why."""

import json

import pytest

from events.wire import NotOneObject, Unreadable, parse_body, read_event
from tests.events.factories import at, delivery

NOW = at(60)


def camel(body):
    """The same event as the REST API spells it."""
    names = {"event_data": "eventData", "event_label": "eventLabel", "event_category": "eventCategory"}
    ids = {f"sandbox_{n}_id": f"sandbox{n.title()}Id" for n in ("execution", "template", "build", "team")}
    names |= ids | {"sandbox_id": "sandboxId"}
    return {names.get(key, key): value for key, value in body.items()}


def test_both_spellings_are_one_event():
    body = delivery("killed", 5, event_data={"kill_reason": "timeout"})
    by_webhook, by_rest = read_event(body), read_event(camel(body))
    assert by_webhook.id == by_rest.id
    assert by_webhook.data == by_rest.data == {"kill_reason": "timeout"}
    assert (by_rest.sandbox_id, by_rest.execution_id, by_rest.template_id) == ("i1", "x1", "tpl")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"a":1} ', b'{"a":1}{', b'{"a":1}\x80\x00', b"\xff{}", b'{"a":' + b"[" * 200 + b"]" * 200],
)
def test_what_is_not_exactly_one_object_is_refused(body):
    if body == b'{"a":1} ':
        assert parse_body(body) == {"a": 1}  # white space is no content
        return
    with pytest.raises(NotOneObject):
        parse_body(body + b"}") if body.startswith(b'{"a":[') else parse_body(body)


def test_a_length_extended_body_is_refused():
    extended = json.dumps(delivery()).encode() + b"\x80" + b"\x00" * 40 + b'{"id":"forged"}'
    with pytest.raises(NotOneObject):
        parse_body(extended)


def test_deep_nesting_is_refused():
    with pytest.raises(NotOneObject):
        parse_body(b'{"a":' + b"[" * 60 + b"]" * 60 + b"}")


def test_nul_becomes_a_replacement_character():
    assert parse_body(b'{"a":"x\\u0000y"}') == {"a": "x\ufffdy"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": None}, "no id"),
        ({"id": 7}, "id is not text"),
        ({"sandbox_id": ""}, "sandbox_id is empty"),
        ({"sandbox_id": "x" * 400}, "longer"),
        ({"sandbox_id": "a/../b"}, "address"),
        ({"sandbox_id": ".."}, "address"),
        ({"sandbox_id": "a\nb"}, "address"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-11-01T12:00:00"}, "zone"),
        ({"event_data": [1]}, "event_data"),
        ({"type": 3}, "type is not text"),
    ],
)
def test_what_cannot_be_read_says_why(changes, why):
    with pytest.raises(Unreadable, match=why):
        read_event(delivery() | changes)


def test_an_unknown_type_is_an_ordinary_event():
    assert read_event(delivery("snoozed")).word == "snoozed"


def test_a_very_old_event_without_a_type_has_its_label():
    body = delivery(event_label="kill")
    del body["type"]
    assert read_event(body).type == "sandbox.lifecycle.killed"


def test_nanoseconds_are_rounded():
    event = read_event(delivery(timestamp="2026-11-01T12:00:00.123456789Z"))
    assert event.timestamp.microsecond == 123457
