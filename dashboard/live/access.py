"""Whether those who opened sockets may still see the fleet: sessions and accounts, asked again every few seconds."""

import asyncio
import hmac
import logging
import math
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

from channels.db import database_sync_to_async
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from dashboard.access.callers import of_user
from dashboard.access.people import everybody
from dashboard.access.rights import NONE, Rights, Verb

CHECK_SECONDS: Final = 3.0  # a socket ends within five: this, and the time that an answer takes
REUSE_SECONDS: Final = 1.0  # whoever was admitted needs no new query for so long, however much a page says
log = logging.getLogger(__name__)


class Ticket(NamedTuple):
    """With which session somebody came, as whom, the session's mark of that user's password, and what they could do."""

    session_key: str
    user_id: int
    password_mark: str
    rights: Rights = NONE


def ticket_of(scope: Mapping[str, Any]) -> Ticket | None:
    """What a socket was opened with; None when nobody is signed in."""
    user, session = scope.get("user"), scope.get("session")
    if user is None or not user.is_authenticated or session is None or not session.session_key:
        return None
    rights = of_user(user).rights
    return Ticket(session.session_key, user.pk, session.get(HASH_SESSION_KEY, ""), rights) if may_look(rights) else None


def valid(tickets: Collection[Ticket]) -> set[Ticket]:
    """Those whose session is there and not over, and whose user is active, has the same password and the same rights.

    Whose rights have changed comes again at once, and then sees what they allow.
    """
    keys, ids = {one.session_key for one in tickets}, {one.user_id for one in tickets}
    there = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = set(there.values_list("session_key", flat=True))
    people = everybody().filter(pk__in=ids, is_active=True)
    marks = {user.pk: (user.get_session_auth_hash(), of_user(user).rights) for user in people}
    return {
        one for one in tickets if one.session_key in sessions and _is_same(one, *marks.get(one.user_id, ("", NONE)))
    }


def _is_same(ticket: Ticket, password_mark: str, rights: Rights) -> bool:
    return hmac.compare_digest(password_mark, ticket.password_mark) and rights == ticket.rights


def may_look(rights: Rights) -> bool:
    """Whether there is anything to see."""
    return rights.may(Verb.READ)


class Gate:
    """One per web process: asks for all sockets together, and ends those that may no longer stay."""

    def __init__(self) -> None:
        self._inside: dict[object, tuple[Ticket, Callable[[], None]]] = {}
        self._admitted: dict[Ticket, float] = {}  # when it was asked, on the monotonic clock; emptied by each round
        self._round: asyncio.Task[None] | None = None

    def enter(self, who: object, ticket: Ticket, end: Callable[[], None]) -> None:
        """`end` is called once when the ticket is no longer valid; `who` has left by then."""
        self._inside[who] = (ticket, end)
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._go_round())

    def leave(self, who: object) -> None:
        self._inside.pop(who, None)

    async def admits(self, ticket: Ticket) -> bool:
        """Asked for one, REUSE_SECONDS ago at most.

        While the database is away nobody is sent out: nobody can have been barred either.
        """
        asked_at = time.monotonic()
        if asked_at - self._admitted.get(ticket, -math.inf) < REUSE_SECONDS:
            return True
        if ticket not in await self._valid([ticket]):
            return False
        self._admitted[ticket] = asked_at
        return True

    async def check(self) -> None:
        """One round over all that are inside."""
        self._admitted.clear()
        inside = list(self._inside.items())  # who enters while the answer is awaited was not asked about
        valid_now = await self._valid({ticket for _, (ticket, _) in inside})
        for who, (ticket, end) in inside:
            if ticket not in valid_now and who in self._inside:
                self.leave(who)
                _end(end)

    async def _go_round(self) -> None:
        """For as long as anybody is inside."""
        while self._inside:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check()

    async def _valid(self, tickets: Collection[Ticket]) -> Collection[Ticket]:
        try:
            found: set[Ticket] = await database_sync_to_async(valid, thread_sensitive=False)(tickets)
        except Exception:  # the rounds must go on, whatever one of them meets
            log.exception("the sessions of open pages could not be checked")
            return tickets
        return found


def _end(end: Callable[[], None]) -> None:
    """One that raises keeps neither the others inside nor the rounds from going on."""
    try:
        end()
    except Exception:
        log.exception("an open page that is no longer signed in could not be closed")


gate = Gate()
