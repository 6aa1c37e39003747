"""The API's heartbeat in the database: the reaper acts, and leases run out, only while it beats.

A beat proves that owners can renew their leases: another process opens a new connection to the public listener and gets
a lease's answer through routing, sign-in and database. The web process's own word proves nothing of that.
"""

import logging
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
from channels.db import database_sync_to_async
from django.conf import settings
from django.core import signing
from django.utils import timezone

from dashboard.system import queries
from sandboxes.base.clock import MOST_AHEAD
from sandboxes.core import database

NAME: Final = "api"
UNREACHED: Final = "api unreached"  # its row is there while the latest probe failed
SILENCE: Final = timedelta(seconds=25)  # two beats missed: whoever renews leases could not, for that long
ANSWER_SECONDS: Final = 5.0
KEY: Final = "sandwarden-probe"
PATH: Final = f"/api/v1/leases/{KEY}"
VALID_SECONDS: Final = 60
_SALT: Final = "sandwarden.api-probe"
log = logging.getLogger(__name__)


def beat(now: datetime | None = None) -> None:
    """One beat."""
    now = now or timezone.now()
    values: dict[str, str | datetime] = {
        "name": NAME,
        "unreached": UNREACHED,
        "now": now,
        "silent_since": now - SILENCE,
        "ahead": now + MOST_AHEAD,
    }
    database.execute(queries.BEAT, values)


def miss(now: datetime | None = None) -> None:
    """A probe failed: owners could not renew, and the next beat is the first one after a silence."""
    database.execute(queries.FAILED, {"unreached": UNREACHED, "now": now or timezone.now()})


async def probe(transport: httpx.AsyncBaseTransport | None = None) -> bool:
    """Asks the public listener as an owner would, on a new connection, and beats where it answers; whether it did."""
    try:
        async with httpx.AsyncClient(
            base_url=settings.PROBE_URL, timeout=ANSWER_SECONDS, trust_env=False, transport=transport
        ) as client:
            answer = await client.get(PATH, headers={"Authorization": f"Bearer {token()}", "Host": _host()})
        wrong = "" if _is_of_a_lease(answer) else f"status {answer.status_code}"
    except (httpx.HTTPError, ValueError) as error:
        wrong = str(error) or type(error).__name__
    if wrong:
        log.warning("no heartbeat: owners can't reach the API at %s: %s", settings.PROBE_URL, wrong)
        await database_sync_to_async(miss)()
        return False
    await database_sync_to_async(beat)()
    return True


def _is_of_a_lease(answer: httpx.Response) -> bool:
    """Whether only our API answers so: no such lease, or the lease, for anybody may make one by this name.

    Raises ValueError for what is no JSON.
    """
    said = answer.json()
    if not isinstance(said, dict):
        return False
    missing = answer.status_code == httpx.codes.NOT_FOUND and said.get("code") == "not_found"
    return missing or (answer.status_code == httpx.codes.OK and said.get("key") == KEY)


def token() -> str:
    """What the probe signs in with: good for its one question, for a minute."""
    return signing.TimestampSigner(salt=_SALT).sign("probe")


def is_token(text: str, method: str, path: str) -> bool:
    """Whether `text` is one, and what it is shown for is the probe's question."""
    if method != "GET" or path != PATH:
        return False
    try:
        return signing.TimestampSigner(salt=_SALT).unsign(text, max_age=VALID_SECONDS) == "probe"
    except signing.BadSignature:
        return False


def _host() -> str:
    """A name that the listener answers to, whatever address it is reached by."""
    return urlsplit(settings.PUBLIC_URL).netloc
