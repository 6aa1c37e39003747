"""Browsers in which a person has signed in before: a signed cookie says so, and tells them apart by a random number.

It opens nothing. It only keeps others' wrong guesses from locking the person out (OWASP, "device cookies").
"""

import secrets
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

COOKIE: Final = "known_browser"
LASTS_SECONDS: Final = 400 * 86_400  # the longest that browsers keep a cookie
MOST_PEOPLE: Final = 5  # who share one browser


def of_user(request: HttpRequest, username: str) -> str:
    """The random number of this browser where this user has signed in with it; else empty."""
    number, people = _read(request)
    return number if _mark(username) in people else ""


def remember(request: HttpRequest, response: HttpResponseBase, username: str) -> None:
    """Notes with the answer that this user has signed in here."""
    number, people = _read(request)
    mark = _mark(username)
    kept = [mark, *(one for one in people if one != mark)][:MOST_PEOPLE]
    value = signing.dumps([number or secrets.token_urlsafe(16), kept], salt=COOKIE)
    response.set_cookie(
        COOKIE, value, max_age=LASTS_SECONDS, secure=settings.SECURE, httponly=True,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )  # fmt: skip


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        held: Any = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=LASTS_SECONDS)
    except signing.BadSignature:
        return "", []
    number, people = held
    return str(number), [str(one) for one in people]


def _mark(username: str) -> str:
    """A name does not stand in the cookie in plain text."""
    return salted_hmac(COOKIE, username, algorithm="sha256").hexdigest()[:24]
