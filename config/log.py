"""What the log leaves out: where in Django a bad request was raised, and the same trouble many times a second."""

import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from sandboxes.core import database_away

MOST_CAUSES: Final = 100
BAD_REQUEST: Final = "Invalid HTTP request received."  # uvicorn's line for each request that it can't read


class OneLine(logging.Filter):
    """Keeps the record, which names the host and the setting, and drops where in Django it was raised."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always kept."""
        record.exc_info = None
        return True


class OncePerSecond(logging.Filter):
    """Of what an absent database or a stranger's bad requests cause, one a second from each place; the rest passes.

    The next one that is kept says how many were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: OrderedDict[tuple[str, int], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """False for one too many."""
        if not (_says_that_the_database_is_away(record) or record.msg == BAD_REQUEST):
            return True
        place, now = (record.pathname, record.lineno), time.monotonic()
        at, left_out = self._last.get(place, (float("-inf"), 0))
        if now - at < 1:
            self._last[place] = (at, left_out + 1)
            return False
        self._last[place] = (now, 0)
        self._last.move_to_end(place)
        if len(self._last) > MOST_CAUSES:
            self._last.popitem(last=False)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more in the last seconds)", ()
        return True


def _says_that_the_database_is_away(record: logging.LogRecord) -> bool:
    """By the exception that it was logged with, one that it names, or its text."""
    raised = record.exc_info[1] if record.exc_info else None
    named = record.args.values() if isinstance(record.args, Mapping) else record.args or ()
    if any(isinstance(error, database_away.ERRORS) for error in (raised, *named)):
        return True
    return database_away.PHRASE in record.getMessage()


class AnsweredByDesign(logging.Filter):
    """Drops Django's line about a 503 of `/readyz`: it is what the check says, at each look until we are ready."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is kept."""
        request = getattr(record, "request", None)
        return getattr(record, "status_code", 0) != 503 or getattr(request, "path", "") != "/readyz"
