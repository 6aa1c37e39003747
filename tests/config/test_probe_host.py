"""The probe of the API finds the listener, and by a name that it answers to, however the server was set up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import django
django.setup()
from django.conf import settings
from django.http import HttpRequest
from dashboard.system import heartbeat
request = HttpRequest()
request.META["HTTP_HOST"] = heartbeat._host()
print(settings.PROBE_URL, request.get_host())
"""


@pytest.mark.parametrize(
    ("variables", "url", "host"),
    [
        ({}, "http://127.0.0.1:8000", "127.0.0.1:8000"),
        ({"HOST": "0.0.0.0", "PORT": "9000"}, "http://127.0.0.1:9000", "0.0.0.0:9000"),
        ({"HOST": "::"}, "http://[::1]:8000", "[::]:8000"),
        ({"HOST": "::1"}, "http://[::1]:8000", "[::1]:8000"),
        ({"HOST": "fd00::1", "ALLOWED_HOSTS": "only.example.com"}, "http://[fd00::1]:8000", "[fd00::1]:8000"),
        (
            {"HOST": "0.0.0.0", "PUBLIC_URL": "https://only.example.com/", "ALLOWED_HOSTS": "other.example.com"},
            "http://127.0.0.1:8000",
            "only.example.com",
        ),
    ],
)
def test_probe_asks_where_the_server_listens_by_an_allowed_name(variables: dict[str, str], url: str, host: str) -> None:
    ours = {"HOST", "PORT", "PUBLIC_URL", "ALLOWED_HOSTS", "PROBE_URL"}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    environment = {**inherited, "DJANGO_SETTINGS_MODULE": "config.settings", **variables}
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [url, host], done.stderr
