"""The log is read at 3 a.m.: a stranger's bad request is one line in it."""

import io
import logging
import os
import subprocess
import sys

import pytest

from config.log import OncePerSecond


@pytest.mark.usefixtures("static_files")
def test_a_request_for_a_host_that_is_not_ours_is_one_line(client, monkeypatch):
    written = io.StringIO()
    handler = next(h for h in logging.getLogger().handlers if h.get_name() == "stderr")
    monkeypatch.setattr(handler, "stream", written)
    assert client.get("/healthz", headers={"host": "elsewhere.example"}).status_code == 400
    (line,) = written.getvalue().splitlines()
    assert "elsewhere.example" in line
    assert "ALLOWED_HOSTS" in line


WORKER = """
import logging
from config.celery import app
app.loader.init_worker()
app.log.setup(loglevel="WARNING")
logging.getLogger("sandboxes.audit").info("audit head 5:abc")
logging.getLogger("sandboxes.audit").debug("a detail")
logging.getLogger("celery.app.trace").info("Task succeeded")
"""


@pytest.mark.parametrize(
    ("level", "written"),
    [("INFO", ["audit head 5:abc"]), ("DEBUG", ["audit head 5:abc", "a detail"])],
)
def test_log_level_holds_in_workers(level, written):
    command, environment = [sys.executable, "-c", WORKER], os.environ | {"LOG_LEVEL": level}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = [line for line in ended.stderr.splitlines() if "sandboxes.audit" in line or "celery" in line]
    assert [line.partition("sandboxes.audit: ")[2] for line in lines] == written


def record(message, line=1):
    return logging.LogRecord("x", logging.ERROR, "here.py", line, message, (), None)


def test_database_that_is_away_is_one_line_a_second_from_each_place(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("config.log.time.monotonic", lambda: now[0])
    once = OncePerSecond()
    kept = [once.filter(record("not stored: the database is away")) for _ in range(5)]
    assert kept == [True, False, False, False, False]
    assert once.filter(record("not stored: the database is away", line=2))
    assert all(once.filter(record("something else")) for _ in range(5))
    now[0] += 1
    last = record("not stored: the database is away")
    assert once.filter(last)
    assert last.getMessage() == "not stored: the database is away (4 more in the last seconds)"
