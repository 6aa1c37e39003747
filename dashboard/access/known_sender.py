"""Whether the sender of a large body is somebody we know, asked before the body is taken in."""

from collections.abc import Mapping

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import close_old_connections
from django.http import parse_cookie
from django.utils import timezone

from dashboard.models import ApiToken


async def is_known(headers: Mapping[bytes, bytes]) -> bool:
    """Whether these ASGI headers bear a token that holds, or the session of somebody signed in.

    What they may do, the view finds out. Raises the database's errors.
    """
    return await sync_to_async(_is_known)(
        headers.get(b"authorization", b"").decode("latin-1"), headers.get(b"cookie", b"").decode("latin-1")
    )


def _is_known(authorization: str, cookie: str) -> bool:
    close_old_connections()
    try:
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() == "bearer" and text.strip():
            digest = ApiToken.digest_of(text.strip())
            if ApiToken.objects.filter(digest=digest, revoked_at=None).exists():
                return True
        key = parse_cookie(cookie).get(settings.SESSION_COOKIE_NAME, "")
        if not key or "\0" in key:
            return False
        found = Session.objects.filter(session_key=key, expire_date__gt=timezone.now()).first()
        return found is not None and SESSION_KEY in found.get_decoded()
    finally:
        close_old_connections()
