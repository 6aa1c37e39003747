"""The files of docs/proxy.md, nginx's and Caddy's, in front of the whole stack: what people, browsers and E2B do."""

import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from events.receiver import MAX_BODY_BYTES
from events.signature import sign
from runner.embedded import proc
from tests.events import factories
from tests.runner.conftest import ROOT, Supervised, a_free_port, watched

NAME, SECRET, PASSWORD = "sandwarden.example", "secret-of-a-test", "right-of-a-test"
pytestmark = pytest.mark.full(reason="starts the whole stack behind a server that Debian has to bring")
PACKAGES = {"nginx": "nginx-light", "caddy": "caddy"}
NGINX = """
daemon off;
master_process off;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    include {place}/sandwarden.conf;
}}
"""


# Ports of a test, and its own certificate in the place of one that Caddy would ask for.
CADDY = """
{{
    admin off
    auto_https disable_certs
    http_port {plain}
    https_port {port}
    storage file_system {place}/caddy
}}
"""


def documented(kind: str, **changes: str) -> str:
    """The file of the docs, with each text replaced that must be there."""
    text = (ROOT / "docs" / "proxy.md").read_text().split(f"```{kind}\n")[1].split("```")[0]
    for old, new in changes.items():
        assert old in text, f"the documented file has no {old!r}"
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a self-signed certificate."""
    found = tmp_path_factory.mktemp("proxy")
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(found / "key.pem"), "-out", str(found / "cert.pem")]
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    subprocess.run([*made, *names, *files], check=True, capture_output=True)
    return found


@pytest.fixture(scope="module")
def port() -> int:
    return a_free_port()


@pytest.fixture(scope="module")
def stack(place: Path, port: int) -> Iterator[Supervised]:
    """Sandwarden as docs/proxy.md has it set up."""
    for whole in watched(Supervised(place / "data", a_free_port(), ("-m", "runner.supervisor"))):
        whole.start(
            PUBLIC_URL=f"https://{NAME}:{port}", TRUSTED_PROXIES="1", E2B_WEBHOOK_SECRET=SECRET, LOG_LEVEL="ERROR",
            SANDWARDEN_ADMIN_PASSWORD=PASSWORD,
        )  # fmt: skip
        whole.hears("Sandwarden is at", 120)
        yield whole


@pytest.fixture(scope="module", params=list(PACKAGES))
def proxy(request: pytest.FixtureRequest, place: Path, port: int, stack: Supervised) -> Iterator[str]:
    """The address of nginx, then of Caddy."""
    kind, plain = request.param, a_free_port()
    if shutil.which(kind) is None:
        pytest.skip(f"{kind} is missing: apt-get install {PACKAGES[kind]}")
    command = (nginx if kind == "nginx" else caddy)(place, stack.port, port, plain)
    (place / "plain").write_text(str(plain))
    running = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=place, env={**os.environ, "HOME": str(place)})
    try:
        assert proc.wait_until(lambda: listens(port) or running.poll() is not None, 30)
        assert running.poll() is None, running.communicate()[1].decode()
        yield f"https://{NAME}:{port}"
    finally:
        running.terminate()
        running.wait(10)


def nginx(place: Path, upstream: int, port: int, plain: int) -> list[str]:
    """Its command, with the documented file at these ports."""
    changes = {
        "127.0.0.1:8000": f"127.0.0.1:{upstream}", "listen 443": f"listen 127.0.0.1:{port}",
        "listen 80": f"listen 127.0.0.1:{plain}", "/etc/ssl/sandwarden/fullchain.pem": str(place / "cert.pem"),
        "/etc/ssl/sandwarden/privkey.pem": str(place / "key.pem"),
    }  # fmt: skip
    (place / "sandwarden.conf").write_text(documented("nginx", **changes))
    (place / "nginx.conf").write_text(NGINX.format(place=place))
    return ["nginx", "-c", str(place / "nginx.conf"), "-p", str(place)]


def caddy(place: Path, upstream: int, port: int, plain: int) -> list[str]:
    """The same of Caddy."""
    tls = f"sandwarden.example {{\n    bind 127.0.0.1\n    tls {place}/cert.pem {place}/key.pem\n"
    text = documented("caddy", **{"127.0.0.1:8000": f"127.0.0.1:{upstream}", "sandwarden.example {\n": tls})
    (place / "Caddyfile").write_text(CADDY.format(place=place, port=port, plain=plain) + text)
    return ["caddy", "run", "--config", str(place / "Caddyfile"), "--adapter", "caddyfile"]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(autouse=True)
def resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the docs leads to this machine."""
    real = socket.getaddrinfo

    def found(host: Any, *rest: Any, **given: Any) -> Any:
        return real("127.0.0.1" if host == NAME else host, *rest, **given)

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.fixture
def trust(place: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(place / "cert.pem"))


def browser(proxy: str, trust: ssl.SSLContext, address: str = "127.0.0.1") -> httpx.Client:
    """A person at this address of the loopback."""
    transport = httpx.HTTPTransport(verify=trust, local_address=address)
    return httpx.Client(base_url=proxy, transport=transport, timeout=30)


@pytest.fixture
def address(request: pytest.FixtureRequest) -> Callable[[int], str]:
    """A loopback address of one person behind one of the proxies: what was guessed through the other is held too."""
    third = list(PACKAGES).index(request.node.callspec.params["proxy"])
    return lambda number: f"127.0.{third}.{number}"


def sign_in(client: httpx.Client, password: str, **headers: str) -> httpx.Response:
    client.get("/login/").raise_for_status()
    form = {"username": "admin", "password": password, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    origin = {"Origin": str(client.base_url).rstrip("/"), "Referer": f"{client.base_url}login/"}
    return client.post("/login/", data=form, headers={**origin, **headers})


def test_person_signs_in_over_https_with_secure_cookies(proxy: str, trust: ssl.SSLContext) -> None:
    with browser(proxy, trust) as client:
        answer = sign_in(client, PASSWORD)
        assert answer.status_code == 302
        cookies = answer.headers.get_list("set-cookie")
        assert [one for one in cookies if "sessionid" in one]
        assert all("Secure" in one for one in cookies)
        page = client.get("/")
        assert page.status_code == 200
        assert "max-age=31536000" in page.headers["strict-transport-security"]


def test_form_of_another_origin_is_refused(proxy: str, trust: ssl.SSLContext) -> None:
    with browser(proxy, trust) as client:
        assert sign_in(client, PASSWORD, Origin="https://elsewhere.example").status_code == 403


def socket_of(proxy: str, trust: ssl.SSLContext, origin: str) -> ClientConnection:
    with browser(proxy, trust) as client:
        assert sign_in(client, PASSWORD).status_code == 302
        cookie = f"sessionid={client.cookies['sessionid']}"
    address = f"wss{proxy.removeprefix('https')}/ws/live/"
    return connect(address, ssl=trust, origin=Origin(origin), additional_headers={"Cookie": cookie}, proxy=None)


def test_socket_of_our_own_page_opens_and_brings_a_message(proxy: str, trust: ssl.SSLContext) -> None:
    with socket_of(proxy, trust, proxy) as live:
        live.send(json.dumps({"show": {"page": "fleet"}}))
        kinds = (json.loads(live.recv(timeout=30))["kind"] for _ in range(5))
        assert "fleet" in kinds


def test_socket_of_another_origin_is_refused(proxy: str, trust: ssl.SSLContext) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        socket_of(proxy, trust, "https://elsewhere.example")


@pytest.mark.parametrize(("padding", "status"), [(0, 202), (MAX_BODY_BYTES - 600, 202), (MAX_BODY_BYTES, 413)])
def test_webhook_is_taken_up_to_its_bound(proxy: str, trust: ssl.SSLContext, padding: int, status: int) -> None:
    body = json.dumps(factories.recent(padding="x" * padding)).encode()
    with browser(proxy, trust) as e2b:
        answer = e2b.post("/webhooks/e2b/", content=body, headers={"e2b-signature": sign(SECRET, body)})
        assert answer.status_code == status, answer.text
        refused = e2b.post("/webhooks/e2b/", content=body, headers={"e2b-signature": sign("another", body)})
        assert refused.status_code in (401, 413)


def test_brake_counts_the_real_address_and_believes_no_forged_one(
    proxy: str, trust: ssl.SSLContext, address: Callable[[int], str]
) -> None:
    with browser(proxy, trust, address(2)) as guessing:
        for number in range(10):
            assert sign_in(guessing, "wrong", **{"X-Forwarded-For": f"198.51.100.{number}"}).status_code == 200
        answer = sign_in(guessing, PASSWORD, **{"X-Forwarded-For": "203.0.113.7"})
        assert answer.status_code == 200, "the right password is refused too: the forged addresses did not count"
    with browser(proxy, trust, address(3)) as neighbour:
        assert sign_in(neighbour, PASSWORD).status_code == 302


def test_known_browser_gets_in_while_others_guess_from_its_address(
    proxy: str, trust: ssl.SSLContext, address: Callable[[int], str]
) -> None:
    with browser(proxy, trust, address(4)) as known, browser(proxy, trust, address(4)) as guessing:
        assert sign_in(known, PASSWORD).status_code == 302
        known.cookies.delete("sessionid")
        for _ in range(10):
            assert sign_in(guessing, "wrong").status_code == 200
        assert sign_in(guessing, PASSWORD).status_code == 200
        assert sign_in(known, PASSWORD).status_code == 302


def test_plain_http_is_sent_to_https(place: Path, proxy: str) -> None:
    plain = (place / "plain").read_text()
    answer = httpx.get(f"http://127.0.0.1:{plain}/cost/?a=b", headers={"Host": NAME}, trust_env=False)
    assert answer.status_code == 308
    to = answer.headers["location"]
    assert (to.removesuffix("/cost/?a=b"), to.endswith("/cost/?a=b")) in {(f"https://{NAME}", True), (proxy, True)}
