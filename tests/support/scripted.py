"""A backend that answers what a test tells it to: for the dialects and failures that the simulated E2B has not."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4


def iso(moment: datetime) -> str:
    """As backends spell a time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def ago(seconds: float) -> str:
    """So many seconds ago, by the machine's clock; ahead when negative."""
    return iso(datetime.now(UTC) - timedelta(seconds=seconds))


@dataclass
class ScriptedBackend:
    """Its list, its answers to GET where they differ (`info`), its events, and what it was asked (`calls`).

    `tokens`: `offsets`, `none` (one page alone, however many there are) or `endless`. `events` None: no events API.
    `page_cap`: the most events that a page has; `ignores_offset`: every page is the newest.
    """

    url: str = ""
    sandboxes: dict[str, dict[str, Any]] = field(default_factory=dict)
    info: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] | None = None
    tokens: str = "offsets"
    page_cap: int = 100
    ignores_offset: bool = False
    kills: bool = True
    answers: dict[str, tuple[int, Any, dict[str, str]]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)  # of POSTs
    watched: Any = None  # the Account that a test watches it with

    def put(self, name: str, *, age: float = 300, end: float | None = 7200, **changes: Any) -> dict[str, Any]:
        """Lists a sandbox; `age` and `end` are seconds before and after now."""
        entry = {
            "sandboxID": name, "templateID": "base", "alias": "base", "clientID": "c1", "startedAt": ago(age),
            "cpuCount": 2, "memoryMB": 512, "diskSizeMB": 1024, "metadata": {"userId": "u1"}, "state": "running",
            "envdVersion": "0.5.9",
        }  # fmt: skip
        if end is not None:
            entry["endAt"] = ago(-end)
        self.sandboxes[name] = entry | changes
        return self.sandboxes[name]

    def tell(self, word: str, name: str, *, before: float = 0, run: str = "r1", **data: Any) -> dict[str, Any]:
        """Has its events API show an event from so many seconds ago."""
        event = {
            "version": "v2", "id": str(uuid4()), "type": f"sandbox.lifecycle.{word}", "eventData": data or None,
            "sandboxId": name, "sandboxExecutionId": run, "sandboxTemplateId": "base", "sandboxBuildId": "b",
            "sandboxTeamId": "t", "timestamp": ago(before),
        }  # fmt: skip
        if self.events is None:
            self.events = []
        self.events.append(event)
        return event

    def asked(self, method: str, path: str) -> int:
        """How often."""
        return sum(call == (method, path) for call in self.calls)

    def answer(self, method: str, path: str, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers."""
        self.calls.append((method, path))
        for prefix, fixed in self.answers.items():
            if path.startswith(prefix):
                return fixed
        if path == "/v2/sandboxes":
            return self._list(query)
        if path.startswith("/events/sandboxes"):
            return self._events(query)
        parts = path.removeprefix("/v2").strip("/").split("/")
        if parts[0] == "sandboxes" and len(parts) == 2 and parts[1] != "metrics":
            return self._one(method, unquote(parts[1]))
        if path in ("/templates", "/v2/templates"):
            return 200, [], {}
        if parts[0] == "sandboxes" and parts[-1] == "pause":
            self.sandboxes[unquote(parts[1])]["state"] = "paused"
            return 204, None, {}
        if parts[0] == "sandboxes" and parts[-1] == "connect":
            self.sandboxes[unquote(parts[1])]["state"] = "running"
            return 201, self.sandboxes[unquote(parts[1])], {}
        return _error(404, "no such route")

    def _list(self, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        states = query.get("state", "running,paused").split(",")
        odd = "running" in states
        rows = [
            row
            for row in self.sandboxes.values()
            if row["state"] in states or (odd and row["state"] not in ("running", "paused"))
        ]
        running = {"X-Total-Running": str(sum(row["state"] == "running" for row in rows))} if odd else {}
        size, at = int(query.get("limit", 100)), int(query.get("nextToken") or 0)
        page = rows[at : at + size]
        if self.tokens == "endless":
            return 200, page, running | {"X-Next-Token": str(at + 1)}
        more = self.tokens == "offsets" and at + size < len(rows)
        return 200, page, running | ({"X-Next-Token": str(at + size)} if more else {})

    def _events(self, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        if self.events is None:
            return _error(404, "not found")
        newest_first = sorted(self.events, key=lambda event: event["timestamp"], reverse=True)
        size = min(int(query.get("limit", 10)), self.page_cap)
        at = 0 if self.ignores_offset else int(query.get("offset", 0))
        return 200, newest_first[at : at + size], {}

    def _one(self, method: str, name: str) -> tuple[int, Any, dict[str, str]]:
        if name in self.info and method == "GET":
            return 200, self.info[name], {}
        if name not in self.sandboxes:
            return _error(404, "not found")
        if method == "DELETE":
            if self.kills:
                del self.sandboxes[name]
            return 204, None, {}
        return 200, self.sandboxes[name], {}


def _error(status: int, message: str) -> tuple[int, Any, dict[str, str]]:
    return status, {"code": status, "message": message}, {}


@contextmanager
def scripted() -> Iterator[ScriptedBackend]:
    """One that serves on a free port of this machine until the end of the block."""
    backend = ScriptedBackend()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if body:
                backend.bodies.append(json.loads(body))
            parts = urlsplit(self.path)
            status, body, headers = backend.answer(self.command, parts.path, dict(parse_qsl(parts.query)))
            raw = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            for name, value in (
                {"Content-Type": "application/json", "Content-Length": str(len(raw))} | headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the library looks for these names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    backend.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield backend
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
