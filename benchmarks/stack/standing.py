"""PostgreSQL (durable) and Redis on a folder of their own, Django set up on them, and one account."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runner.embedded import both

ACCOUNT = 1
NOWHERE = "http://127.0.0.1:9"


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for the servers, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def standing(home: Path, url: str = NOWHERE, **environment: str) -> Iterator[Mapping[str, str]]:
    """Both servers with our schema and an account at `url`; gives (and sets) the variables that point at them."""
    with both(home, durable=True) as addresses:
        variables = {
            **addresses, "DATA_DIR": str(home), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR",
            **environment,
        }  # fmt: skip
        os.environ.update(variables)
        _prepare(url)
        try:
            yield variables
        finally:
            disconnect()


UNBRAKED = {"per_hour": 10**6, "per_day": 10**6}  # what is measured is not the brake


def _prepare(url: str) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from sandboxes.models import Account, AccountHealth

    key = "e2b_" + "0" * 40
    account = Account.objects.create(pk=ACCOUNT, name="bench", url=url, api_key=key, actions="policies", brake=UNBRAKED)
    AccountHealth.objects.create(account=account)


def disconnect() -> None:
    """Gives this process's connections back, so that the servers can stop or start again."""
    from django.db import connection

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
