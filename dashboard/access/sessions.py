"""How long a session lives: 12 hours without a request, and 7 days in all."""

import time
from typing import Any, Final

from django.contrib.auth import logout
from django.http import HttpRequest

IDLE_SECONDS: Final = 12 * 3600
MOST_SECONDS: Final = 7 * 86_400
TOUCHED_EVERY_SECONDS: Final = 600  # how exactly the idle time is known: a request does not write each time
CONFIRMED_SECONDS: Final = 600
SIGNED_IN, SEEN, CONFIRMED, BROWSER = "signed_in_at", "seen_at", "confirmed_at", "browser"


def begin(sender: Any, request: HttpRequest, **_more: Any) -> None:  # noqa: ARG001 - Django's signal `user_logged_in`
    """Notes in the session when it began: each way of signing in comes through here."""
    request.session[SIGNED_IN] = request.session[SEEN] = request.session[CONFIRMED] = time.time()
    request.session[BROWSER] = request.headers.get("User-Agent", "")[:200]


def go_on(request: HttpRequest) -> bool | None:
    """At each request of a person: ends a session that is too old, and moves the end of one that is in use.

    None when it is over, True when its end was moved, which happens every ten minutes.
    """
    now, session = time.time(), request.session
    began = session.setdefault(SIGNED_IN, now)  # one from before sessions knew
    if now - began >= MOST_SECONDS:
        logout(request)
        return None
    if 0 <= now - session.get(SEEN, 0) < TOUCHED_EVERY_SECONDS:
        return False
    session[SEEN] = now
    return True


def confirm(request: HttpRequest) -> None:
    """Whoever it is has just said who they are."""
    request.session[CONFIRMED] = time.time()


def is_confirmed(request: HttpRequest) -> bool:
    """Whether they said so within the last ten minutes."""
    at: float = request.session.get(CONFIRMED, 0)
    return 0 <= time.time() - at < CONFIRMED_SECONDS
