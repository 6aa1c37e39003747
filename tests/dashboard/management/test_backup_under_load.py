"""Backup of a fleet that changes, its data folder gone, restore, start: the record is the backend's truth again.

What is lost is printed as one JSON line (`-s` shows it); docs/operations.md gives the figures of one run.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from runner.embedded import proc
from tests.runner.conftest import ROOT, Supervised, a_free_port, watched
from tests.support.simulated_backend import KEY, SECRET, events, simulated

pytestmark = pytest.mark.full(reason="two starts of the whole stack, and minutes of a fleet that changes")
TOKEN = "only-of-a-test"
SANDBOXES, BIRTHS_PER_MINUTE = 300, 120
MISSED = int(os.environ.get("MISSED", "200"))  # events that happen while nothing of ours runs

UNKNOWN_PAST = """
SELECT count(*) FROM sandboxes_sandbox
WHERE backfilled_from IS NULL AND state = 'running' AND started_at < now() - interval '3 minutes'"""
# Of those that ran all through it, with a sample every five seconds as E2B keeps them.
FILLED = """
WITH through AS (
    SELECT id FROM sandboxes_sandbox WHERE state = 'running' AND started_at < '{start}'
), samples AS (
    SELECT hour + step * interval '1 second' AS at FROM sandboxes_metricseries, unnest(offsets) AS step
    WHERE source = 'backfill' AND sandbox_id IN (SELECT id FROM through)
)
SELECT (SELECT count(*) FROM samples WHERE at > '{start}' AND at < '{end}'),
       (SELECT count(*) FROM through) * extract(epoch FROM timestamptz '{end}' - timestamptz '{start}') / 5"""


@pytest.fixture
def port() -> int:
    return a_free_port()


@pytest.fixture
def backend(port: int) -> Iterator[httpx.Client]:
    """A simulated E2B in a process of its own, which sends its webhooks to `port`."""
    with simulated(port, sandboxes=SANDBOXES, births_per_minute=BIRTHS_PER_MINUTE, past_hours=1) as client:
        yield client


@pytest.fixture
def stack(tmp_path: Path, port: int) -> Iterator[Supervised]:
    yield from watched(Supervised(tmp_path / "data", port, ("-m", "runner.supervisor")))


def start(stack: Supervised, backend: httpx.Client) -> httpx.Client:
    """A REST client of the stack, started and up."""
    stack.start(
        E2B_API_URL=str(backend.base_url).rstrip("/"), E2B_API_KEY=KEY, E2B_WEBHOOK_SECRET=SECRET,
        SANDWARDEN_API_TOKEN=TOKEN, LOG_LEVEL="ERROR",
    )  # fmt: skip
    stack.hears("Sandwarden is at", 120)
    address, headers = f"http://127.0.0.1:{stack.port}/api/v1", {"Authorization": f"Bearer {TOKEN}"}
    return httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=60)


def manage(stack: Supervised, *words: str) -> str:
    """A command of manage.py as an operator types it: with DATA_DIR, and no URL of a database."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env={**environment, "DATA_DIR": str(stack.home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def query(stack: Supervised, sql: str) -> str:
    from runner.embedded import Postgres

    return (Postgres(stack.home).query(sql) or "").strip()


def alive(backend: httpx.Client) -> dict[str, str]:
    """The backend's truth: state by ID."""
    found: dict[str, str] = {}
    token = ""
    while True:
        answer = backend.get("/v2/sandboxes", params={"limit": 100, "state": "running,paused", "nextToken": token})
        found |= {one["sandboxID"]: one["state"] for one in answer.raise_for_status().json()}
        token = answer.headers.get("x-next-token", "")
        if not token:
            return found


def recorded(stack: Supervised) -> dict[str, str]:
    rows = query(stack, "SELECT sandbox_id, state FROM sandboxes_sandbox WHERE state IN ('running', 'paused')")
    return dict(line.split("|") for line in rows.splitlines())


def wait(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """How long it took; fails after `seconds`."""
    began = time.monotonic()
    assert proc.wait_until(condition, seconds), f"waited {seconds} s until {what}"
    return time.monotonic() - began


def agree(stack: Supervised, backend: httpx.Client) -> bool:
    """Whether the record is the truth, but for what was born or died in these seconds."""
    before, ours, after = alive(backend), recorded(stack), alive(backend)
    steady = {name: state for name, state in before.items() if after.get(name) == state}
    wrong = [name for name, state in steady.items() if ours.get(name) != state]
    ghosts = [name for name in ours if name not in before and name not in after]
    return len(wrong) + len(ghosts) <= 5 and bool(steady)


def test_restored_record_is_the_backends_truth_again(stack: Supervised, backend: httpx.Client, tmp_path: Path) -> None:
    file, keys = tmp_path / "backup.tar", tmp_path / "keys"
    api = start(stack, backend)
    wait(lambda: agree(stack, backend), 120, "the fleet is on record")
    wait(lambda: int(query(stack, "SELECT count(*) FROM sandboxes_metricframe")) >= 6, 120, "there are samples")

    began = time.monotonic()
    manage(stack, "backup", str(file), "--keys", str(keys))
    took = {"backup_s": time.monotonic() - began}
    wait(lambda: int(query(stack, "SELECT count(*) FROM sandboxes_metricframe")) >= 12, 120, "time has passed")
    api.put("/leases/since-the-backup", json={"ttl_seconds": 600, "match": {"metadata": {"userId": "u_1"}}})
    audit = int(query(stack, "SELECT count(*) FROM sandboxes_auditentry"))

    stack.runs[-1].send_signal(signal.SIGTERM)
    stack.runs[-1].wait(20)
    shutil.rmtree(stack.home)
    gone = iso(str(datetime.now(UTC)))
    changed = "the fleet has changed while nothing listened"
    took["away_s"] = wait(lambda: len(events(backend, gone)) >= MISSED, 300, changed)

    began = time.monotonic()
    said = manage(stack, "restore", str(file), "--keys", str(keys))
    took["restore_s"] = time.monotonic() - began
    assert "Policies are frozen" in said
    dumped = query_stopped(stack, "SELECT max(at) FROM sandboxes_metricframe")
    events_before = int(query_stopped(stack, "SELECT count(*) FROM events_lifecycleevent"))

    began = time.monotonic()
    api = start(stack, backend)
    took["start_s"] = time.monotonic() - began
    took["truth_s"] = wait(lambda: agree(stack, backend), 120, "the record agrees with the backend")
    started = query(stack, f"SELECT min(at) FROM sandboxes_metricframe WHERE at > '{dumped}'")
    missed = events(backend, iso(dumped), iso(started))

    def caught_up() -> bool:
        held = query(stack, f"SELECT event_id FROM events_lifecycleevent WHERE timestamp >= '{dumped}'").splitlines()
        return missed <= set(held)

    took["events_s"] = wait(caught_up, 120, "every event of the time between is on record")
    took["history_s"] = wait(
        lambda: query(stack, UNKNOWN_PAST) == "0", 240, "the samples of the time between are asked for"
    )
    filled, expected = query(stack, FILLED.format(start=dumped, end=started)).split("|")
    assert api.get("/freeze").raise_for_status().json()["frozen"] is True
    gap = (datetime.fromisoformat(started) - datetime.fromisoformat(dumped)).total_seconds()
    figures = {
        "file_bytes": file.stat().st_size, "gap_s": round(gap),
        "events_missed_and_read_again": len(missed), "events_before": events_before,
        "audit_entries_lost": audit - int(query(stack, "SELECT count(*) FROM sandboxes_auditentry")),
        "leases_lost": 1 - len(api.get("/leases").raise_for_status().json().get("items", [])),
        "samples_due": int(float(expected)), "samples_filled": int(filled),
        **{name: round(seconds, 1) for name, seconds in took.items()},
    }  # fmt: skip
    print(json.dumps(figures))
    assert len(missed) >= MISSED, "the time between was without events: the test has shown nothing"
    assert int(filled) > 0


def query_stopped(stack: Supervised, sql: str) -> str:
    """A statement while Sandwarden is stopped."""
    from runner.embedded import Postgres
    from runner.embedded.running import start as start_server

    running = start_server(Postgres(stack.home))
    try:
        return query(stack, sql)
    finally:
        running.stop()


def iso(text: str) -> str:
    """As the backend writes times: they compare as text."""
    return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
