"""Whether the sender of a large body is somebody we know, asked before the body is taken in."""

from collections.abc import Mapping

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.db import close_old_connections
from django.http import parse_cookie
from django.utils import timezone

from dashboard.models import ApiToken


async def is_known(headers: Mapping[bytes, bytes]) -> bool:
    """Whether these ASGI headers bear a token that holds, or the session of somebody who may still sign in.

    What they may do, the view finds out. Raises the database's errors.
    """
    return await sync_to_async(_is_known)(
        headers.get(b"authorization", b"").decode("latin-1"), headers.get(b"cookie", b"").decode("latin-1")
    )


def _is_known(authorization: str, cookie: str) -> bool:
    close_old_connections()
    try:
        return _holds(authorization) or _is_signed_in(cookie)
    finally:
        close_old_connections()


def _holds(authorization: str) -> bool:
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return False
    digest = ApiToken.digest_of(text.strip())
    token = ApiToken.objects.select_related("made_by").filter(digest=digest, revoked_at=None).first()
    return token is not None and not token.has_expired and (token.made_by is None or token.made_by.is_active)


def _is_signed_in(cookie: str) -> bool:
    key = parse_cookie(cookie).get(settings.SESSION_COOKIE_NAME, "")
    if not key or "\0" in key:
        return False
    found = Session.objects.filter(session_key=key, expire_date__gt=timezone.now()).first()
    user = found.get_decoded().get(SESSION_KEY) if found else None
    return user is not None and get_user_model().objects.filter(pk=user, is_active=True).exists()
