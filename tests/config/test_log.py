"""The log is read at 3 a.m.: a stranger's bad request is one line in it."""

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError as DjangoError
from psycopg_pool import PoolTimeout
from uvicorn.protocols.http import httptools_impl

from config.log import BAD_REQUEST, MOST_CAUSES, OncePerSecond
from sandboxes.base.masking import MaskSecrets


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
logging.getLogger("sandboxes.actions.audit").info("audit head 5:abc")
logging.getLogger("sandboxes.actions.audit").debug("a detail")
logging.getLogger("celery.app.trace").info("Task succeeded")
"""


@pytest.mark.parametrize(
    ("level", "written"),
    [("INFO", ["audit head 5:abc"]), ("DEBUG", ["audit head 5:abc", "a detail"])],
)
def test_log_level_holds_in_workers(level, written):
    command, environment = [sys.executable, "-c", WORKER], os.environ | {"LOG_LEVEL": level}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = [line for line in ended.stderr.splitlines() if "sandboxes.actions.audit" in line or "celery" in line]
    assert [line.partition("sandboxes.actions.audit: ")[2] for line in lines] == written


def record(message, line=1, *, args=(), error=None):
    raised = (type(error), error, None) if error else None
    return logging.LogRecord("x", logging.ERROR, "here.py", line, message, args, raised)


def test_database_that_is_away_is_one_line_a_second_from_each_place(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("config.log.time.monotonic", lambda: now[0])
    once = OncePerSecond()
    kept = [once.filter(record("not stored: the database is unavailable")) for _ in range(5)]
    assert kept == [True, False, False, False, False]
    assert once.filter(record("not stored: the database is unavailable", line=2))
    assert all(once.filter(record("something else")) for _ in range(5))
    now[0] += 1
    last = record("not stored: the database is unavailable")
    assert once.filter(last)
    assert last.getMessage() == "not stored: the database is unavailable (4 more in the last seconds)"
    now[0] += 1
    alone = record("not stored: the database is unavailable")
    assert once.filter(alone)
    assert alone.getMessage() == "not stored: the database is unavailable"


def test_places_that_are_remembered_are_bounded():
    once = OncePerSecond()
    for line in range(MOST_CAUSES + 1):
        assert once.filter(record("the database is unavailable", line))
    assert not once.filter(record("the database is unavailable", MOST_CAUSES))
    assert once.filter(record("the database is unavailable", 0)), "the oldest is forgotten"


def test_log_of_the_server_is_masked_and_throttled():
    handler = next(h for h in logging.getLogger().handlers if h.get_name() == "stderr")
    assert {type(one) for one in handler.filters} == {MaskSecrets, OncePerSecond}


class OfTheDriver(psycopg.OperationalError):
    """As psycopg's many of their own, by SQLSTATE."""


@pytest.mark.parametrize("error", [OfTheDriver("down"), DjangoError("down"), PoolTimeout("none in time")])
def test_database_that_is_away_is_known_by_its_exception(error):
    for shape in ({"error": error}, {"args": (error,)}):
        once = OncePerSecond()
        text = "not read: %s" if "args" in shape else "not read"
        assert [once.filter(record(text, **shape)) for _ in range(3)] == [True, False, False]


def test_other_error_of_the_same_name_is_no_database_that_is_away():
    once, other = OncePerSecond(), type("OperationalError", (Exception,), {})("of a library")
    kept = [once.filter(record("OperationalError in a library: %s", args=(other,), error=other)) for _ in range(3)]
    assert kept == [True, True, True]


def test_bad_requests_of_strangers_are_one_line_a_second(monkeypatch, caplog):
    """The line is uvicorn's own, by its text: an upgrade that words it otherwise fails here."""
    assert BAD_REQUEST in Path(httptools_impl.__file__).read_text()
    now = [1000.0]
    monkeypatch.setattr("config.log.time.monotonic", lambda: now[0])
    server = logging.getLogger("uvicorn.error")
    for seconds in (0, 0, 0, 2):
        now[0] += seconds
        server.warning(BAD_REQUEST)
        server.warning("another line")
    told = [record.getMessage() for record in caplog.records if "Invalid" in record.getMessage()]
    assert told == [BAD_REQUEST, f"{BAD_REQUEST} (2 more in the last seconds)"]
    assert caplog.text.count("another line") == 4
