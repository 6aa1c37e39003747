"""Where an owner's name still stands in the database after an erasure: said, since it may be somebody else's too."""

from django.db import connection

from sandboxes.cleanup.erasure import queries
from sandboxes.cleanup.erasure.mentions import spellings
from sandboxes.cleanup.erasure.subject import Subject


def leftovers(subject: Subject) -> dict[str, int]:
    """Rows by `table.column` that still hold the name, in every text, JSON, array and binary column there is."""
    words = list(dict.fromkeys(spellings(subject.owner)))
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(queries.COLUMNS)
        for table, column, kind in cursor.fetchall():
            quoted, name = connection.ops.quote_name(table), connection.ops.quote_name(column)
            cursor.execute(queries.rows_that_hold(quoted, name, binary=kind == "bytea"), [words])
            (count,) = cursor.fetchone()
            if count:
                found[f"{table}.{column}"] = count
    return found
