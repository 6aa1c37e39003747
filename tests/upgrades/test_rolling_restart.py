"""The new code beside the old during a restart of web and work, under load: nobody is turned away, no poll is missed.

The old code is `OLD_REF` (a commit or tag), else the newest tag, else this very code. The figures are printed as one
JSON line (`-s` shows it).
"""

import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect
from websockets.typing import Origin

from runner import assets
from runner.embedded import both, proc
from tests.runner.conftest import ROOT, a_free_port
from tests.support.relay import Relay, relayed
from tests.support.simulated_backend import KEY, SECRET, events, simulated

pytestmark = pytest.mark.full(reason="two versions of the whole stack, and a minute of each")
TOKEN, PASSWORD = "only-of-a-test", "right-of-a-test"
SANDBOXES, BIRTHS_PER_MINUTE, TICK_SECONDS = 200, 120, 5
FRAMES_BEFORE, FRAMES_AFTER = 6, 8
STEPS = (("migrate",), ("collectstatic", "--noinput"), ("bootstrap",))  # as a start does; old files stay


def old_code(place: Path) -> Path:
    """A folder with the old code: a checkout of its own, or this one."""
    ref = os.environ.get("OLD_REF") or _git("tag", "--sort=-creatordate").decode().partition("\n")[0]
    if not ref:
        return ROOT
    with tarfile.open(fileobj=BytesIO(_git("archive", ref))) as archive:
        archive.extractall(place, filter="data")
    for made in (".venv", "node_modules", "static/vendor", "var"):
        if (ROOT / made).exists() and not (place / made).exists():
            (place / made).symlink_to(ROOT / made)
    return place


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout


def attempts(backend: httpx.Client, since: str) -> Iterator[dict[str, Any]]:
    """Every attempt at every delivery to us from then on: before, nobody listened."""
    hook = backend.get("/events/webhooks").raise_for_status().json()[0]["id"]
    cursor, begun = None, datetime.fromisoformat(since)
    while True:
        asked = {"limit": 100} | ({"cursor": cursor} if cursor else {})
        page = backend.get(f"/events/webhooks/{hook}/deliveries", params=asked).raise_for_status().json()
        for group in page["data"]:
            yield from (one for one in group["attempts"] if datetime.fromisoformat(one["timestamp"]) > begun)
        cursor = page["nextCursor"]
        if not cursor:
            return


@dataclass
class Version:
    """The two processes of one version of the code."""

    code: Path
    environment: dict[str, str]
    port: int
    log: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def manage(self, *words: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *words, "--skip-checks"],
            cwd=self.code, env=self._environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def start(self, *roles: str) -> None:
        with self.log.open("ab") as output:
            self.running[roles[0]] = subprocess.Popen(
                [sys.executable, "-m", "config.roles", *roles],
                cwd=self.code, env=self._environment(), stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, role: str) -> float:
        """Told to end; the seconds it took."""
        process, began = self.running.pop(role), time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, self.log.read_text(errors="replace")[-3000:]
        return time.monotonic() - began

    def end(self) -> None:
        proc.see_off([one.pid for one in self.running.values() if one.poll() is None], signal.SIGKILL, 5)
        for one in self.running.values():
            one.wait(5)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        return {**kept, **self.environment, "PORT": str(self.port), "PYTHONPATH": str(self.code)}


class Load(threading.Thread):
    """What a client gets all the while: REST reads and leases over new connections, by what came of them."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.address, self.over = f"http://127.0.0.1:{port}", threading.Event()
        self.came: Counter[str] = Counter()

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}", "Connection": "close"}
        number = 0
        while not self.over.is_set():
            number += 1
            try:
                with httpx.Client(base_url=self.address, headers=headers, trust_env=False, timeout=20) as client:
                    read = client.get("/api/v1/sandboxes", params={"limit": 5})
                    lease = client.put(
                        f"/api/v1/leases/load-{number % 7}",
                        json={"ttl_seconds": 60, "match": {"metadata": {"userId": "u_1"}}},
                    )
                self.came.update([f"read {read.status_code}", f"lease {lease.status_code}"])
            except httpx.TransportError as error:
                self.came.update([type(error).__name__])

    def stop(self) -> Counter[str]:
        self.over.set()
        self.join(60)
        return self.came


class Page(threading.Thread):
    """An open page: its socket, opened again when it closes; when messages came, and why it was closed."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.over = port, threading.Event()
        self.heard: list[float] = []
        self.closed: list[int] = []

    def run(self) -> None:
        origin = f"http://127.0.0.1:{self.port}"
        with httpx.Client(base_url=origin, trust_env=False, timeout=20, follow_redirects=True) as browser:
            browser.get("/login/")
            token = browser.cookies["csrftoken"]
            signed = browser.post(
                "/login/",
                data={"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token},
                headers={"Referer": origin},
            )
            assert signed.status_code == 200, signed.status_code
            cookie = f"sessionid={browser.cookies['sessionid']}"
        while not self.over.is_set():
            try:
                with connect(
                    f"ws://127.0.0.1:{self.port}/ws/live/",
                    origin=Origin(origin),
                    additional_headers={"Cookie": cookie},
                ) as socket:
                    socket.send('{"show": {"page": "fleet"}}')
                    while not self.over.is_set():
                        socket.recv(timeout=30)
                        self.heard.append(time.monotonic())
            except ConnectionClosed as closed:
                self.closed.append(closed.rcvd.code if closed.rcvd else 1006)
            except (OSError, InvalidHandshake, TimeoutError):
                self.over.wait(0.2)

    def stop(self) -> None:
        self.over.set()


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql).fetchall()


def wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    assert proc.wait_until(condition, seconds), f"waited {seconds} s until {what}"


def frames(url: str) -> int:
    return int(rows(url, "SELECT count(DISTINCT at) FROM sandboxes_metricframe")[0][0])


def longest_gap(url: str, since: str) -> float:
    """Seconds between two samples of the fleet, at most."""
    sql = f"""SELECT max(extract(epoch FROM later - at)) FROM (
        SELECT at, lead(at) OVER (ORDER BY at) AS later FROM sandboxes_metricframe WHERE at >= '{since}') AS pairs"""
    return float(rows(url, sql)[0][0])


def test_new_code_takes_over_beside_the_old(tmp_path: Path) -> None:
    front, *ports = a_free_port(), a_free_port(), a_free_port()
    with ExitStack() as stack:
        urls = dict(stack.enter_context(both(tmp_path / "data")))
        backend = stack.enter_context(
            simulated(front, sandboxes=SANDBOXES, births_per_minute=BIRTHS_PER_MINUTE, past_hours=0)
        )
        assets.install(tmp_path / "data")
        environment = {
            **urls, "DATA_DIR": str(tmp_path / "data"), "E2B_API_KEY": KEY, "E2B_WEBHOOK_SECRET": SECRET,
            "E2B_API_URL": str(backend.base_url).rstrip("/"), "SANDWARDEN_API_TOKEN": TOKEN,
            "SANDWARDEN_ADMIN_PASSWORD": PASSWORD, "PUBLIC_URL": f"http://127.0.0.1:{front}", "LOG_LEVEL": "WARNING",
            "SECRET_KEY": "only-for-the-test-and-longer-than-fifty-characters-0123",
        }  # fmt: skip
        old, new = (
            Version(code, environment, port, tmp_path / name)
            for code, port, name in ((old_code(tmp_path / "old"), ports[0], "old.log"), (ROOT, ports[1], "new.log"))
        )
        stack.callback(old.end)
        stack.callback(new.end)
        relay = stack.enter_context(relayed(front, old.port))
        figures = restarted(old, new, relay, backend, urls["DATABASE_URL"])
    print(json.dumps(figures))
    assert figures["webhooks"].keys() <= {"200", "202", "204", "503"}, figures["webhooks"]
    assert figures["events_lost"] == 0
    assert figures["longest_gap_s"] <= 2 * TICK_SECONDS + 1, "more than one tick was missed"
    assert not [came for came in figures["clients"] if came not in {"read 200", "lease 200", "lease 201"}]
    assert set(figures["sockets_closed"]) <= {1001, 1012}
    assert figures["page_silent_s"] <= 3 * TICK_SECONDS


def restarted(old: Version, new: Version, relay: Relay, backend: httpx.Client, database: str) -> dict[str, Any]:
    """The old stack under load, the new one's web and then its work beside it, the old ones told to end."""
    for words in STEPS:
        old.manage(*words)
    old.start("web")
    old.start("work", "acts", "beat")
    wait(old.is_ready, 120, "the old code is ready")
    wait(lambda: frames(database) >= FRAMES_BEFORE, 120, "the old code polls")
    since = rows(database, "SELECT max(at) FROM sandboxes_metricframe")[0][0].isoformat()
    load, page = Load(relay.port), Page(relay.port)
    load.start()
    page.start()
    wait(lambda: bool(page.heard), 60, "a page hears of the fleet")

    for words in STEPS:
        new.manage(*words)
    new.start("web")
    wait(new.answers, 120, "the new pages are served")
    relay.to = new.port
    web_s = old.stop("web")
    new.start("work", "acts", "beat")
    side_by_side = frames(database)
    wait(lambda: frames(database) >= side_by_side + 4, 120, "both work side by side")
    work_s = old.stop("work")
    left = frames(database)
    wait(lambda: frames(database) >= left + FRAMES_AFTER, 120, "the new code polls alone")
    wait(new.is_ready, 60, "the new code is ready")

    came = load.stop()
    page.stop()
    told = events(backend)
    held = lambda: {str(one) for (one,) in rows(database, "SELECT event_id FROM events_lifecycleevent")}  # noqa: E731
    proc.wait_until(lambda: told <= held(), 60)
    silent = max(after - before for before, after in zip(page.heard, page.heard[1:], strict=False))
    return {
        "webhooks": Counter(str(one["responseHttpStatusCode"]) for one in attempts(backend, since)),
        "events": len(told), "events_lost": len(told - held()),
        "longest_gap_s": round(longest_gap(database, since), 2),
        "clients": came, "sockets_closed": page.closed, "page_silent_s": round(silent, 2),
        "web_drained_s": round(web_s, 2), "work_drained_s": round(work_s, 2),
    }  # fmt: skip
