"""The socket of an open page: who may have one, how long, and what it is sent first."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import msgspec
import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from dashboard.live import access
from dashboard.live.access import Gate
from dashboard.live.consumer import LiveConsumer
from dashboard.live.hub import Hub
from dashboard.live.messages import Messages
from dashboard.live.origin import is_ours
from tests.support.live_fleet import NOW, fleet_of, row, told


class Socket(ApplicationCommunicator):  # channels' own tester needs daphne
    """A page's end of the socket."""

    def __init__(self, user: Any = None, session: Any = None) -> None:
        scope = {"type": "websocket", "path": "/ws/live/", "user": user, "session": session}
        super().__init__(LiveConsumer.as_asgi(), scope)

    async def opens(self) -> None:
        await self.send_input({"type": "websocket.connect"})
        assert (await self.receive_output())["type"] == "websocket.accept"

    async def says(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hears(self) -> dict[str, Any]:
        return told((await self.receive_output())["text"].encode())


@pytest.mark.django_db  # Channels closes what connections earlier tests left in its thread
async def test_a_socket_without_a_session_is_told_why_it_is_closed() -> None:
    socket = Socket()
    await socket.opens()
    assert (await socket.receive_output())["code"] == 4401


@pytest.mark.django_db
async def test_socket_to_an_unknown_path_is_closed_and_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    from config.asgi import application

    origin = [(b"host", b"testserver"), (b"origin", b"http://testserver")]
    scope = {"type": "websocket", "path": "/ws/nowhere/", "headers": origin, "scheme": "ws", "query_string": b""}
    socket = ApplicationCommunicator(application, scope)
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output())["type"] == "websocket.close"
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


def signed_in() -> Socket:
    """A page of `ada`, with a session like any other."""
    client = Client()
    client.force_login(get_user_model().objects.get_or_create(username="ada")[0])
    user = get_user_model().objects.get(username="ada")
    session = client.session
    assert session["_auth_user_id"] == str(user.pk)  # and read from the database, as Channels has done by then
    return Socket(user, session)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """The gate of sockets; it has no clock of its own."""
    own = Gate()
    monkeypatch.setattr("dashboard.live.consumer.gate", own)
    monkeypatch.setattr("dashboard.live.access.CHECK_SECONDS", 3600.0)
    return own


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, gate: Gate) -> Hub:
    """The hub of sockets, with a fleet of two."""
    own = Hub()
    own.messages = Messages(fleet_of(1, 2), NOW)
    monkeypatch.setattr("dashboard.live.consumer.hub", own)
    return own


def signs_out() -> None:
    Session.objects.all().delete()


def is_deactivated() -> None:
    get_user_model().objects.update(is_active=False)


def session_runs_out() -> None:
    Session.objects.update(expire_date=timezone.now())


def changes_password() -> None:
    ada = get_user_model().objects.get()
    ada.set_password("another one than before")
    ada.save()


ENDS = pytest.mark.parametrize("ends", [signs_out, is_deactivated, session_runs_out, changes_password])


@ENDS
@pytest.mark.django_db(transaction=True)
async def test_socket_whose_access_ended_is_closed_by_the_next_round(
    live: Hub, gate: Gate, ends: Callable[[], None]
) -> None:
    socket, other = await sync_to_async(signed_in)(), await sync_to_async(signed_in)()
    for one in (socket, other):
        await one.opens()
        await one.hears()
    await gate.check()
    assert await socket.receive_nothing()
    await sync_to_async(ends)()
    await gate.check()
    for one in (socket, other):
        assert (await one.receive_output()) == {"type": "websocket.close", "code": 4401}
    assert live.browsers == set()
    message = {"format": 1, "epoch": "e", "number": 1, "kind": "change", "account": 1}
    live.take(message | {"body": msgspec.msgpack.encode({"sandboxes": [row(3)], "events": []})})
    assert await socket.receive_nothing()


@ENDS
@pytest.mark.django_db(transaction=True)
async def test_request_on_a_socket_whose_access_ended_is_not_answered(live: Hub, ends: Callable[[], None]) -> None:
    socket = await sync_to_async(signed_in)()
    await socket.opens()
    await socket.hears()
    await sync_to_async(ends)()
    await socket.says('{"show":{"page":"fleet"}}')
    assert (await socket.receive_output()) == {"type": "websocket.close", "code": 4401}
    assert await socket.receive_nothing()


@pytest.mark.django_db(transaction=True)
async def test_check_of_sockets_goes_on_after_an_error_that_nobody_expects(
    live: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.live.access.CHECK_SECONDS", 0.0)
    read, calls = access.valid, iter([RuntimeError("nobody expects this"), None])

    def broken_once(tickets: Any) -> Any:
        if (error := next(calls, None)) is not None:
            raise error
        return read(tickets)

    monkeypatch.setattr("dashboard.live.access.valid", broken_once)
    socket = await sync_to_async(signed_in)()
    await socket.opens()
    await socket.hears()
    await sync_to_async(signs_out)()
    assert (await socket.receive_output(5)) == {"type": "websocket.close", "code": 4401}


@pytest.mark.parametrize("answer", [None, RuntimeError("nobody expects this")])
async def test_socket_that_enters_during_a_check_stays(
    monkeypatch: pytest.MonkeyPatch, answer: Exception | None
) -> None:
    gate, ended = Gate(), []
    before, meanwhile = (access.Ticket(name, 1, "mark") for name in ("before", "meanwhile"))
    loop = asyncio.get_running_loop()

    def asked(tickets: Collection[access.Ticket]) -> set[access.Ticket]:
        enter = gate.enter, "new", meanwhile, lambda: ended.append("new")
        asyncio.run_coroutine_threadsafe(_call(*enter), loop).result(5)
        if answer:
            raise answer
        return set(tickets) - {before}

    monkeypatch.setattr("dashboard.live.access.valid", asked)
    gate.enter("old", before, lambda: ended.append("old"))
    await gate.check()
    assert ended == ([] if answer else ["old"])


async def _call(function: Callable[..., None], *given: object) -> None:
    function(*given)


async def test_page_that_cannot_be_closed_keeps_no_other_open(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, ended = Gate(), []
    monkeypatch.setattr("dashboard.live.access.CHECK_SECONDS", 0.0)
    monkeypatch.setattr("dashboard.live.access.valid", lambda _tickets: set())

    def fails() -> None:
        raise RuntimeError("nobody expects this")

    for name, end in (("broken", fails), ("next", lambda: ended.append("next"))):
        gate.enter(name, access.Ticket(name, 1, "mark"), end)
    await gate.check()
    assert ended == ["next"]


@pytest.mark.django_db(transaction=True)
async def test_many_messages_of_a_page_cost_one_query_a_second(live: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    read, asked = access.valid, []

    def noted(tickets: Any) -> Any:
        asked.append(tickets)
        return read(tickets)

    monkeypatch.setattr("dashboard.live.access.valid", noted)
    monkeypatch.setattr("dashboard.live.access.REUSE_SECONDS", 3600.0)
    socket = await sync_to_async(signed_in)()
    await socket.opens()
    for _ in range(20):
        await socket.says('{"show":{"page":"fleet"}}')
    await socket.says('{"show":{"page":"fleet","rows":["one"]}}')
    while (await socket.receive_output())["type"] != "websocket.close":
        pass
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
async def test_answer_that_is_reused_gets_old(live: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.live.access.REUSE_SECONDS", 0.0)
    socket = await sync_to_async(signed_in)()
    await socket.opens()
    await socket.hears()
    await socket.says('{"show":{"page":"fleet"}}')
    await socket.hears()
    await sync_to_async(signs_out)()
    await socket.says('{"show":{"page":"fleet"}}')
    assert (await socket.receive_output()) == {"type": "websocket.close", "code": 4401}


def test_the_rounds_leave_time_to_end_a_socket_within_five_seconds() -> None:
    assert access.CHECK_SECONDS <= 4
    assert access.REUSE_SECONDS <= 1


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("https://sandwarden.example.com", "sandwarden.example.com", True),
        ("https://sandwarden.example.com:443", "sandwarden.example.com", True),
        ("https://other.example.com", "other.example.com", True),
        ("http://sandwarden.example.com", "sandwarden.example.com", False),
        ("https://sandwarden.example.com:8443", "sandwarden.example.com", False),
        ("https://other.example.com", "sandwarden.example.com", False),
        ("https://evil.example", "evil.example", False),
        ("null", "sandwarden.example.com", False),
        ("", "sandwarden.example.com", False),
        ("https://[", "sandwarden.example.com", False),
    ],
)
def test_socket_origin_must_match_in_scheme_host_and_port(settings: Any, origin: str, host: str, ours: bool) -> None:
    settings.PUBLIC_URL = "https://sandwarden.example.com"
    settings.ALLOWED_HOSTS = ["sandwarden.example.com", "other.example.com"]
    assert is_ours(origin, host) is ours


@pytest.mark.django_db(transaction=True)
async def test_a_socket_shows_what_it_was_asked_to_and_closes_on_nonsense(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Hub()
    own.messages = Messages(fleet_of(1, 2), NOW)
    monkeypatch.setattr("dashboard.live.consumer.hub", own)
    socket = await sync_to_async(signed_in)()
    await socket.opens()
    assert (await socket.hears())["kind"] == "frame"
    await socket.says('{"show":{"page":"fleet"}}')
    assert (await socket.hears())["roster"]["key"] == [1, 2]
    message = {"format": 1, "epoch": "e", "number": 1, "kind": "change", "account": 1}
    own.take(message | {"body": msgspec.msgpack.encode({"sandboxes": [row(3)], "events": []})})
    answer = await socket.hears()
    assert (answer["roster"]["full"], answer["roster"]["key"]) == (False, [3])
    await socket.says('{"show":{"page":"fleet","rows":["one"]}}')
    assert (await socket.receive_output())["code"] == 4400
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait()
    assert own.browsers == set()


@pytest.mark.django_db(transaction=True)
async def test_news_waits_for_more_of_it_and_an_answer_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Hub()
    own.messages = Messages(fleet_of(1), NOW)
    monkeypatch.setattr("dashboard.live.consumer.hub", own)
    monkeypatch.setattr("dashboard.live.consumer.NEWS_SECONDS_BETWEEN", 3600.0)
    socket = await sync_to_async(signed_in)()
    await socket.opens()
    assert (await socket.hears())["kind"] == "frame"
    message = {"format": 1, "epoch": "e", "kind": "change", "account": 1}
    for number in (1, 2):
        body = msgspec.msgpack.encode({"sandboxes": [row(number + 1)], "events": []})
        own.take(message | {"number": number, "body": body})
    await socket.says('{"show":{"page":"fleet"}}')
    assert (await socket.hears())["roster"]["key"] == [1, 2, 3], "the first to come is the answer"
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait()


@pytest.mark.parametrize(
    ("query", "welcome"), [("", True), ("v=1", True), ("v=0", False), ("v=", True), ("v=2", False)]
)
@pytest.mark.django_db(transaction=True)
async def test_page_of_another_version_is_told_to_load_anew(live: Hub, gate: Gate, query: str, welcome: bool) -> None:
    socket = await sync_to_async(signed_in)()
    socket.scope["query_string"] = query.encode()
    await socket.opens()
    if welcome:
        await socket.hears()
    else:
        assert (await socket.receive_output()) == {"type": "websocket.close", "code": 4400}
        assert live.browsers == set()
