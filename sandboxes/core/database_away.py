"""That the database can't be reached, or takes too long: the exceptions that say so, and the one phrase for each."""

from typing import Final

import psycopg
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext_noop
from psycopg_pool import PoolTimeout

# Django wraps the driver's own, but not what the pool raises, nor what the inbox's connections do.
ERRORS: Final = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
PHRASE: Final = gettext_noop("the database is unavailable")
TOO_LONG: Final = gettext_noop("the database took too long: ask for a shorter time span, or for less at once")


def took_too_long(error: BaseException | None) -> bool:
    """Whether a statement was ended at its bound (config/statements): asking the same again would take as long."""
    return isinstance(error, psycopg.errors.QueryCanceled) or (error is not None and took_too_long(error.__cause__))
