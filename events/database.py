"""How the record's own connections reach the database: the same as Django's, without its request path."""

from django.db import connection
from psycopg.conninfo import make_conninfo


def conninfo() -> str:
    """A psycopg connection string for the database that Django uses (the test database in tests)."""
    settings = connection.settings_dict
    return make_conninfo(
        "",
        dbname=settings["NAME"],
        user=settings["USER"] or None,
        password=settings["PASSWORD"] or None,
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        connect_timeout=2,
        application_name="sandwarden-inbox",
    )
