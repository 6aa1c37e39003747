"""How long a session lives: 12 hours without a request, and 7 days in all."""

import time
from typing import Any, Final

from django.contrib.auth import logout
from django.http import HttpRequest

IDLE_SECONDS: Final = 12 * 3600
MOST_SECONDS: Final = 7 * 86_400
TOUCHED_EVERY_SECONDS: Final = 600  # how exactly the idle time is known: a request does not write each time
SIGNED_IN, SEEN = "signed_in_at", "seen_at"


def begin(sender: Any, request: HttpRequest, **_more: Any) -> None:  # noqa: ARG001 - Django's signal `user_logged_in`
    """Notes in the session when it began: each way of signing in comes through here."""
    request.session[SIGNED_IN] = request.session[SEEN] = time.time()


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
