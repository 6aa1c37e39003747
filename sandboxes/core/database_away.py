"""That the database can't be reached: the exceptions that say so, whoever raises them, and the one phrase for it."""

from typing import Final

import psycopg
from django.db import InterfaceError, OperationalError
from psycopg_pool import PoolTimeout

# Django wraps the driver's own, but not what the pool raises, nor what the inbox's connections do.
ERRORS: Final = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
PHRASE: Final = "the database is away"
