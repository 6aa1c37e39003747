"""The log is read at 3 a.m.: a stranger's bad request is one line in it."""

import io
import logging

import pytest


@pytest.mark.usefixtures("static_files")
def test_a_request_for_a_host_that_is_not_ours_is_one_line(client, monkeypatch):
    written = io.StringIO()
    handler = next(h for h in logging.getLogger().handlers if h.get_name() == "stderr")
    monkeypatch.setattr(handler, "stream", written)
    assert client.get("/healthz", headers={"host": "elsewhere.example"}).status_code == 400
    (line,) = written.getvalue().splitlines()
    assert "elsewhere.example" in line
    assert "ALLOWED_HOSTS" in line
