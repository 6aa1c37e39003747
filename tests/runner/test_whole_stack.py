"""`make run` as it is: every real process, on an empty data folder and on the simulated fleet."""

import json
import re
import signal
import urllib.error
import urllib.request

from runner.embedded import proc
from tests.runner.conftest import Supervised

TOKEN = "token-of-the-first-start-0123456789"
ALL = ("web", "work", "simulator", "redis", "postgres")


def get(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as page:
            return int(page.status)
    except urllib.error.HTTPError as answer:
        return int(answer.code)


def is_at_work(port: int) -> bool:
    """Whether the fleet has been listed and polled and a webhook's event has come: every part has written by then."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/health", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        (demo,) = json.load(answer)["accounts"]
    return all(demo[when] for when in ("last_sync_at", "last_poll_at", "webhook_last_at"))


def faults(said: str) -> list[str]:
    """Lines in which some process, PostgreSQL too, complains: a newcomer sees none."""
    return [line for line in said.splitlines() if re.search(r"\b(ERROR|FATAL|PANIC|CRITICAL)\b|Traceback", line)]


def test_a_first_start_a_hard_death_and_a_second_start(whole_stack: Supervised) -> None:
    first = whole_stack.start(E2B_API_URL="", LOG_LEVEL="WARNING", SANDWARDEN_API_TOKEN=TOKEN)
    said = whole_stack.hears("The fleet is simulated", 90)
    assert f"Sandwarden is at http://127.0.0.1:{whole_stack.port} " in said
    assert said.count("admin password: ") == 1
    assert get(whole_stack.port, "/healthz") == 200
    assert get(whole_stack.port, "/login/") == 200
    assert all(proc.is_alive(whole_stack.pid_of(name)) for name in ALL)
    assert proc.wait_until(lambda: get(whole_stack.port, "/readyz") == 200, 60), "the work process reads the fleet"
    assert proc.wait_until(lambda: is_at_work(whole_stack.port), 90), "the fleet's events come"
    assert faults(whole_stack.said()) == []

    first.kill()
    first.wait()
    assert proc.wait_until(lambda: not whole_stack.living(), 15), "Celery's own children go with it too"

    second = whole_stack.start(E2B_API_URL="", LOG_LEVEL="WARNING")
    said = whole_stack.hears("The fleet is simulated", 60)
    assert "admin password" not in said
    assert "migrate " not in said
    assert faults(said) == []
    assert get(whole_stack.port, "/login/") == 200
    second.send_signal(signal.SIGINT)
    assert second.wait(15) == 0
    assert whole_stack.living() == []
