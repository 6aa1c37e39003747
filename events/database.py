"""How the record's own connections reach the database: the same as Django's, without its request path."""

from django.db import connection
from psycopg.conninfo import make_conninfo

# Batches are small and each row is found by its index. Plans are made once, perhaps while the tables are empty, when
# reading them whole looks cheap to the planner.
PLANS = "-c enable_hashjoin=off -c enable_mergejoin=off"
# The inbox gives a batch up after seconds; this ends what the server would go on with for a connection that is gone.
BOUND = "-c statement_timeout=30s"


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
        options=f"{PLANS} {BOUND}",
        application_name="sandwarden-inbox",
    )
