"""An HTTP server that plays Slack, PagerDuty and Standard Webhooks, as a sender sees them; it hangs on request."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT_SECONDS = 30.0


@dataclass
class Request:
    """One POST as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What the sink answers; with `until` only once that is set."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    until: threading.Event | None = None


class Sink:
    """Takes whatever comes. `answers` are given one after another, the last again and again."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list[Answer] = [Answer()]
        self.by_path: dict[str, Answer] = {}
        self.url = ""
        self._came = threading.Condition()

    def answer(self, *answers: Answer) -> None:
        """From now on."""
        self.answers = list(answers)

    def take(self, request: Request) -> Answer:
        """Notes a request, and what it gets."""
        with self._came:
            self.requests.append(request)
            found = self.by_path.get(request.path) or _service(request)
            answer = found or (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            self._came.notify_all()
        return answer

    def wait(self, number: int, of: Callable[[Request], bool] = lambda _: True) -> list[Request]:
        """The requests so far, once there are so many that `of` is true for."""
        with self._came:
            there = self._came.wait_for(lambda: sum(map(of, self.requests)) >= number, WAIT_SECONDS)
            assert there, f"{len(self.requests)} came"
            return [one for one in self.requests if of(one)]


def _service(request: Request) -> Answer | None:
    """What Slack and PagerDuty say to what they can't take."""
    if request.path.startswith("/services/") and not (request.json.get("text") and request.json.get("blocks")):
        return Answer(400, b"invalid_payload")
    if request.path == "/v2/enqueue":
        return _pagerduty(request.json)
    return None


def _pagerduty(event: dict[str, Any]) -> Answer | None:
    wrong = []
    if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
        wrong.append("event_action")
    if event.get("event_action") == "trigger":
        payload = event.get("payload", {})
        wrong += [name for name in ("summary", "source", "severity") if not payload.get(name)]
        if payload.get("severity") not in {"critical", "warning", "error", "info"}:
            wrong.append("severity")
    elif not event.get("dedup_key"):
        wrong.append("dedup_key")
    return Answer(400, json.dumps({"status": "invalid event", "errors": wrong}).encode()) if wrong else None


@contextmanager
def serving() -> Iterator[Sink]:
    """A sink on a free port, while the block runs."""
    sink, over = Sink(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = sink.take(Request(self.path, headers, body))
            if answer.until is not None:
                while not answer.until.wait(0.05) and not over.is_set():
                    pass
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST  # noqa: N815 - http.server's name

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A sender that has gone is none of ours."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    sink.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield sink
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
