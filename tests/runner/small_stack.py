"""The real supervisor and the real PostgreSQL and Redis, with small programs in place of Django's and Celery's.

Run as a program by test_supervisor.py: `small_stack.py`, with DATA_DIR and PORT in the environment.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from runner import assets
from runner.supervisor import __main__ as supervisor
from runner.supervisor import build_stamps, parts
from runner.supervisor.child import Part
from runner.supervisor.choices import ROOT, Choices

WEB = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
WORKER = """
import os, signal, subprocess, sys
if os.environ.get("STUBBORN"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("worker", os.getpid(), "has", grandchild.pid, flush=True)
signal.pause()
"""


def small(name: str, program: str, *arguments: str) -> Part:
    """A part that runs a few lines of Python, tied to the supervisor as the real ones are."""
    command = (*parts.GO_WITH_US, sys.executable, "-c", program, *arguments)
    return Part(name, command, dict(os.environ), ROOT)


def web(choices: Choices, environment: Mapping[str, str]) -> Part:
    """Answers every GET with 200."""
    return small("web", "raise SystemExit(3)" if os.environ.get("BROKEN_WEB") else WEB, str(choices.port))


def work(choices: Choices, environment: Mapping[str, str]) -> list[Part]:
    """A worker that has a child of its own, and ignores SIGTERM when STUBBORN is set; beside it two that sleep."""
    return [small("worker", WORKER), *(small(name, "import signal; signal.pause()") for name in ("acts", "beat"))]


def worker(processes: int, environment: Mapping[str, str]) -> Part:
    """What is started beside for a large fleet."""
    return small("more", "import signal; signal.pause()")


def django(
    name: str, arguments: tuple[str, ...], environment: Mapping[str, str], hear: Callable[[str], None] | None
) -> Part:
    """`bootstrap` tells a password; the others have nothing to do."""
    said = "print('admin password: for-the-test')" if name == "bootstrap" else ""
    command = (sys.executable, "-c", said)
    return Part(name, command, environment, ROOT, hear=hear)


for replaced in (web, work, worker, django):
    setattr(parts, replaced.__name__, replaced)
build_stamps.static_files = lambda: "the same as always"


def nothing_to_install(data_dir: Path) -> Path:
    """In place of the npm packages."""
    return data_dir


assets.install = nothing_to_install

if __name__ == "__main__":
    sys.exit(supervisor.main())
