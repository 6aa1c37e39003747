"""The owner callback: only what the application plainly calls dead is let go; silence and nonsense mean alive."""

import contextlib
import hashlib
import hmac
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import ValidationError

from sandboxes.cleanup import owner_callback
from sandboxes.cleanup.owner_callback.asking import LARGEST_ANSWER_BYTES, hear
from sandboxes.models import Action, OwnerCallback, Verdict
from tests.support.reaping import act, only, policy

SECRET = "of-an-application"
JSON = {"Content-Type": "application/json"}


class Application:
    """An owner's side: what it was asked, and what it answers next."""

    def __init__(self, url):
        self.url, self.asked, self.dead = url, [], set()
        self.answer = None  # (status, headers, body); None: what `dead` says
        self.hang = threading.Event()  # set: answers go out
        self.hang.set()

    def reply(self, headers, body):
        self.asked.append((dict(headers), body))
        self.hang.wait(5)
        if self.answer is not None:
            return self.answer
        named = [one for one in json.loads(body)["sandboxes"] if one in self.dead]
        return 200, JSON, json.dumps({"dead": named}).encode()

    def questions(self):
        return [(json.loads(body)["before"], json.loads(body)["sandboxes"]) for _, body in self.asked]


@pytest.fixture
def trickle():
    """An application that sends a byte of its headers now and then, for ever."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.05):
                    peer.sendall(b"a")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    over.set()
    listener.close()
    thread.join(5)


@pytest.fixture
def application():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            status, headers, body = it.reply(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it = Application(f"http://127.0.0.1:{server.server_port}/alive")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield it
    it.hang.set()
    server.shutdown()
    thread.join()
    server.server_close()


def callback(application, **more):
    return OwnerCallback(url=application.url, secret=SECRET, **more)


async def watched(backend, application):
    await OwnerCallback.objects.acreate(account=backend.account, url=application.url, secret=SECRET, timeout_seconds=2)
    return await backend.held(backend.make()), await backend.held(backend.make())


def test_it_works(application):
    application.dead = {"b"}
    heard = hear(callback(application), "prod", ["a", "b"], "mark")
    assert (heard.dead, set(heard.alive), heard.errors) == ({"b"}, {"a"}, [])
    headers, body = application.asked[0]
    wanted = {"question": "which_are_dead", "account": "prod", "before": "mark", "sandboxes": ["a", "b"]}
    assert json.loads(body) == wanted
    mac = hmac.new(SECRET.encode(), f"{headers['Sandwarden-Timestamp']}.".encode() + body, hashlib.sha256)
    assert headers["Sandwarden-Signature"] == f"v1={mac.hexdigest()}"
    assert abs(int(headers["Sandwarden-Timestamp"]) - datetime.now(UTC).timestamp()) < 60


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((500, JSON, b'{"dead": ["a", "b"]}'), "status 500"),
        ((404, JSON, b'{"dead": ["a", "b"]}'), "status 404"),
        ((200, {"Content-Type": "text/html"}, b"<html>all dead</html>"), "no {"),
        ((200, JSON, b""), "no {"),
        ((200, JSON, b"[]"), "no {"),
        ((200, JSON, b"{}"), "no {"),
        ((200, JSON, b'{"dead": null}'), "no {"),
        ((200, JSON, b'{"dead": "a"}'), "no {"),
        ((200, JSON, b'{"dead": ["a"]} trailing'), "no {"),
        ((200, JSON, b'{"dead": ["a", "c"]}'), "were not asked about"),
        ((200, JSON, b'{"alive": ["b"]}'), "no {"),
        ((200, JSON, b'{"dead": [' + b" " * LARGEST_ANSWER_BYTES + b'"a"]}'), "larger than"),
        ((302, {"Location": "/elsewhere"}, b""), "status 302"),
    ],
)  # fmt: skip
def test_whatever_is_no_plain_answer_means_alive(application, answer, why):
    application.answer = answer
    heard = hear(callback(application), "prod", ["a", "b"], "act")
    assert (heard.dead, set(heard.alive)) == (set(), {"a", "b"})
    assert why in heard.errors[0]
    assert len(application.asked) == 1


def test_one_called_dead_and_alive_lives(application):
    application.answer = (200, JSON, b'{"dead": ["a", "b"], "alive": ["b"], "more": 1}')
    assert hear(callback(application), "prod", ["a", "b"], "act").dead == {"a"}


def test_a_trickle_of_headers_means_alive_and_holds_nobody(trickle):
    heard = hear(OwnerCallback(url=trickle, secret=SECRET, timeout_seconds=0.3), "prod", ["ia"], "mark")
    assert "no whole answer within 0.3 s" in heard.alive["ia"]


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "http://[fe80::1]/"])
def test_a_machines_own_metadata_is_no_application(url):
    with pytest.raises(ValidationError, match="link-local"):
        OwnerCallback(url=url, secret=SECRET).clean()


def test_silence_means_alive(application):
    application.hang.clear()
    heard = hear(callback(application, timeout_seconds=0.1), "prod", ["a"], "mark")
    assert (heard.dead, set(heard.alive)) == (set(), {"a"})
    assert "no whole answer within 0.1 s" in heard.errors[0]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://nowhere.invalid/", "http://[::1", "ftp://127.0.0.1/x"])
def test_nobody_there_means_alive(url):
    heard = hear(OwnerCallback(url=url, secret=SECRET, timeout_seconds=2), "prod", ["a"], "mark")
    assert (heard.dead, set(heard.alive)) == (set(), {"a"})


def test_many_are_asked_in_batches_and_a_bad_batch_spoils_no_other(application, monkeypatch):
    monkeypatch.setattr("sandboxes.cleanup.owner_callback.asking.BATCH", 2)
    application.dead = {"a", "c", "d"}
    reply, application.reply = application.reply, None

    def second_fails(headers, body):
        return (500, JSON, b"") if json.loads(body)["sandboxes"] == ["c", "d"] else reply(headers, body)

    application.reply = second_fails
    heard = hear(callback(application), "prod", list("abcde"), "mark")
    assert heard.dead == {"a"}
    assert set(heard.alive) == {"b", "c", "d", "e"}


def test_when_time_is_up_the_rest_is_not_asked(application, monkeypatch):
    monkeypatch.setattr("sandboxes.cleanup.owner_callback.asking.ALL_SECONDS", -1.0)
    application.dead = {"a"}
    assert hear(callback(application), "prod", ["a"], "mark").dead == set()
    assert not application.asked


async def test_only_the_dead_are_marked_and_killed(backend, application, kills):
    first, second = await watched(backend, application)
    application.dead = {first.sandbox_id}
    await policy(max_fleet_fraction=1.0)
    await act()
    assert kills == [first.sandbox_id]
    (before, asked), (again, of_the_marked) = application.questions()
    assert (before, set(asked)) == ("mark", {first.sandbox_id, second.sandbox_id})
    assert (again, of_the_marked) == ("act", [first.sandbox_id])
    held = await Verdict.objects.aget(sandbox=second, until=None)
    assert held.spared_why == "its application does not call it dead"


async def test_a_spared_ones_verdict_tells_why_and_it_is_asked_about_again_later(backend, application, kills):
    spared, _ = await watched(backend, application)
    await policy()
    await act()
    await act()
    assert [before for before, _ in application.questions()] == ["mark"]
    held = await Verdict.objects.aget(sandbox=spared, until=None)
    assert held.reasons[-1] == {"rule": "owner_callback", "evidence": f"spared: {held.spared_why}"}
    await Verdict.objects.aupdate(asked_at=datetime.now(UTC) - owner_callback.AGAIN - timedelta(seconds=1))
    application.dead = {spared.sandbox_id}
    await act()
    assert kills == [spared.sandbox_id]


async def test_one_that_came_to_life_between_mark_and_act_is_spared(backend, application, kills):
    first, second = await watched(backend, application)
    application.dead = {first.sandbox_id, second.sandbox_id}
    await policy(grace_seconds=600)
    await act()
    application.dead = set()
    await Action.objects.filter(sandbox=first).aupdate(act_at=datetime.now(UTC) - timedelta(seconds=1))
    await act()
    assert not kills
    told = await only(sandbox=first)
    assert (told.state, told.outcome) == ("cancelled", "spared on the final check: owner_callback")
    assert told.evidence[-1]["rule"] == "owner_callback"


async def test_an_application_that_is_down_spares_all_and_is_on_record(backend, application, kills):
    await watched(backend, application)
    application.answer = (503, JSON, b"")
    await policy()
    await act()
    assert not kills
    assert not await Action.objects.aexists()
    asked = await OwnerCallback.objects.aget()
    assert "status 503" in asked.error
    assert (asked.asked_at is None, asked.answered_at) == (False, None)


async def test_one_that_is_switched_off_is_not_asked(backend, application, kills):
    await watched(backend, application)
    await OwnerCallback.objects.aupdate(enabled=False)
    await policy(max_fleet_fraction=1.0)
    await act()
    assert (len(kills), application.asked) == (2, [])


async def test_its_secret_is_sealed(backend, application):
    await watched(backend, application)
    stored = await sync_to_async(lambda: OwnerCallback.objects.values_list("secret", flat=True).get())()
    assert repr(stored) == "<sealed>"
