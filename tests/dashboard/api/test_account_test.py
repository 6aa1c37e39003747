"""`POST /accounts/test`: a backend is asked now, in plain words, and nothing is stored or changed."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import Client

from dashboard.accounts import failure_words, tries
from sandboxes.e2b import Unauthorized, Unreachable
from sandboxes.models import Account, Sandbox
from simulator import DEFAULT_API_KEY
from simulator.served import Served
from tests.support import records

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch, mailbox: Any) -> None:
    """No proxy between us and the backends of these tests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def answering(
    status: int, body: bytes, kind: str = "application/json", *, headers: dict[str, str] | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[str]:  # fmt: skip
    """A server that answers everything alike; its host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return (headers or {}).get("Date") or super().date_time_string(timestamp)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def self_signed(folder: Path) -> ssl.SSLContext:
    """Of a server whose certificate nobody trusts."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    pem += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "both.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


def checks(answer: Any) -> dict[str, tuple[bool, str]]:
    assert answer.status_code == 200, answer.data
    return {one["name"]: (one["ok"], one["says"]) for one in answer.data["checks"]}


def test_it_works(call: Any, simulator: Served) -> None:
    simulator.simulator.create()
    simulator.simulator.create()
    told = call("POST", "/accounts/test", {"url": simulator.url, "api_key": DEFAULT_API_KEY})
    assert list(checks(told)) == ["name", "api", "key", "list", "clock"]
    assert all(ok for ok, _ in checks(told).values())
    assert (told.data["ok"], told.data["sandboxes"], told.data["same_fleet_as"]) == (True, 2, None)
    assert told.data["capabilities"]["bulk_metrics"] == {"state": "yes", "says": "100 sandboxes per request"}
    assert not Account.objects.exists()
    assert not Sandbox.objects.exists()


def test_wrong_and_missing_key_say_what_to_do(call: Any, simulator: Served) -> None:
    wrong = call("POST", "/accounts/test", {"url": simulator.url, "api_key": "e2b_wrong"})
    assert checks(wrong)["key"] == (
        False, "The API key was rejected (401). Copy it again from the dashboard, or create a new one",
    )  # fmt: skip
    assert (wrong.data["ok"], wrong.data["capabilities"], wrong.data["sandboxes"]) == (False, None, None)
    assert "e2b_wrong" not in wrong.content.decode()
    missing = call("POST", "/accounts/test", {"url": simulator.url})
    assert checks(missing)["key"] == (False, "The backend requires an API key (401). Enter one")


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (200, b"<!doctype html><p>Sign in", "text/html", "sent a web page instead of JSON"),
        (404, b"<html>nothing", "text/html", "No E2B API at this path"),
        (404, b'{"code":404,"message":"no such route"}', "application/json", "No E2B API at this path"),
        (403, b'{"code":403,"message":"no"}', "application/json", "The API key is not allowed to list sandboxes (403)"),
        (302, b"", "text/html", "redirects elsewhere (302)"),
        (200, b'{"hello":1}', "application/json", "did not answer as an E2B API does"),
    ],
)
def test_backend_that_is_none_is_told_in_words(call: Any, status: int, body: bytes, kind: str, says: str) -> None:
    with answering(status, body, kind) as where:
        told = call("POST", "/accounts/test", {"url": f"http://{where}", "api_key": "e2b_k"})
    ok, sentence = list(checks(told).values())[-1]
    assert not ok
    assert says in sentence
    assert told.data["ok"] is False


def test_port_where_nothing_listens_is_told(call: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    told = checks(call("POST", "/accounts/test", {"url": f"http://127.0.0.1:{port}"}))
    assert told["connect"] == (
        False,
        f"127.0.0.1:{port} refused the connection: nothing listens on that port. Check host and port",
    )


def test_name_that_does_not_resolve_is_told(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    told = checks(call("POST", "/accounts/test", {"url": "https://no.such.example"}))
    assert told == {
        "name": (False, "The name no.such.example doesn’t resolve. Check its spelling, and this server’s DNS")
    }


def test_certificate_that_nobody_trusts_is_told(call: Any, tmp_path: Path) -> None:
    with answering(200, b"[]", context=self_signed(tmp_path)) as where:
        ok, says = checks(call("POST", "/accounts/test", {"url": f"https://{where}"}))["certificate"]
    assert not ok
    assert says.startswith(f"The TLS certificate of {where} is not trusted: self-signed certificate.")


def test_port_without_tls_is_told(call: Any) -> None:
    with answering(200, b"[]") as where:
        ok, says = checks(call("POST", "/accounts/test", {"url": f"https://{where}"}))["certificate"]
    assert not ok
    assert "use http:// where there is no TLS" in says


@pytest.mark.parametrize("url", ["http://169.254.169.254", "http://[fe80::1]", "http://metadata.example/v1"])
def test_nothing_is_sent_where_nothing_ever_may(call: Any, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    to_metadata = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: to_metadata)
    told = checks(call("POST", "/accounts/test", {"url": url}))
    ((ok, says),) = told.values()
    assert not ok
    assert says.startswith("Not permitted")


def test_clock_that_is_far_off_is_told(call: Any) -> None:
    date = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    with answering(200, b"[]", headers={"Date": date}) as where:
        ok, says = checks(call("POST", "/accounts/test", {"url": f"http://{where}"}))["clock"]
    assert not ok
    assert "s behind" in says
    assert "set the clocks of both machines by NTP" in says


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (httpx.ConnectTimeout("t"), "A firewall may drop the packets"),
        (httpx.ReadTimeout("t"), "didn’t answer in time"),
        (OSError(113, "No route to host"), "No route to lab:8080"),
    ],
)
def test_silence_is_told_by_its_cause(cause: Exception, words: str) -> None:
    error = Unreachable("GET: no answer")
    error.__cause__ = cause
    name, says = failure_words.of_call("http://lab:8080/api", error, has_key=True)
    assert name == "connect"
    assert words in says


def test_key_that_no_header_holds_is_told_without_it(call: Any) -> None:
    refused = call("POST", "/accounts/test", {"url": "http://127.0.0.1:1", "api_key": "e2b_\n1"})
    assert refused.status_code == 400
    assert failure_words.of_call("http://lab", Unauthorized("no", status=401), has_key=True)[0] == "key"


def test_only_sandboxes_of_the_filter_are_counted(call: Any, simulator: Served) -> None:
    simulator.simulator.create(metadata={"team": "ml"})
    simulator.simulator.create(metadata={"team": "web"})
    body = {"url": simulator.url, "api_key": DEFAULT_API_KEY, "list_filter": {"metadata": {"team": "ml"}}}
    assert call("POST", "/accounts/test", body).data["sandboxes"] == 1


def test_fleet_on_record_is_named_to_who_may_see_it(call: Any, simulator: Served) -> None:
    made = simulator.simulator.create()
    account = records.account("prod", url=simulator.url)
    records.sandbox(made.id, of=account, template_id=made.template.id)
    body = {"url": simulator.url, "api_key": DEFAULT_API_KEY}
    assert call("POST", "/accounts/test", body).data["same_fleet_as"] == "prod"
    Account.objects.update(enabled=False)  # out of sight
    assert call("POST", "/accounts/test", body).data["same_fleet_as"] is None


def test_tests_are_few_a_minute_for_each_caller(call: Any) -> None:
    body = {"url": "http://169.254.169.254"}
    assert {call("POST", "/accounts/test", body).status_code for _ in range(tries.MOST)} == {200}
    refused = call("POST", "/accounts/test", body)
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= tries.WINDOW_SECONDS
    other = Client(headers={"Authorization": f"Bearer {records.token('other')}"})
    assert other.post("/api/v1/accounts/test", body, "application/json").status_code == 200


def test_account_named_test_is_read_changed_and_deleted(call: Any) -> None:
    records.account("test")
    assert call("GET", "/accounts/test").data["name"] == "test"
    assert call("PATCH", "/accounts/test", {"title": "Staging"}).data["title"] == "Staging"
    assert call("DELETE", "/accounts/test").status_code == 204
    assert call("GET", "/accounts/test").status_code == 404


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_account_named_test_is_changed_by_admins_of_all_accounts_alone(role: str) -> None:
    account = records.account("test")
    client = Client(raise_request_exception=False)
    client.force_login(records.member("ada", role, [account.pk]))
    for method in ("patch", "delete"):
        asked: Callable[..., Any] = getattr(client, method)
        assert asked("/api/v1/accounts/test", "{}", "application/json").status_code == 403
