"""Hands the audit to the role we are connected as, and everything else to the role that the server works as.

The triggers that write the trail sit on the tables of actions and settings, so those belong to the audit's owner too.
"""

from django.db.backends.utils import CursorWrapper

from sandboxes.actions import queries
from sandboxes.actions.audit import CALLED, FOLLOWED, FUNCTIONS, TABLES


class Unfit(Exception):
    """The roles can't keep the audit apart; the message says what to do in PostgreSQL."""


def hand_over(cursor: CursorWrapper, role: str) -> None:
    """Does it, again and again without harm. Raises Unfit; run it in a transaction."""
    cursor.execute(queries.WHO_AND_WHERE, [role])
    owner, schema, unknown = cursor.fetchone()
    if unknown:
        raise Unfit(f"There is no role {role}")
    _check(cursor, owner, role)
    quoted, ours, place = (_quoted(cursor, name) for name in (role, owner, schema))
    cursor.execute(queries.let_in(place, quoted))
    cursor.execute(queries.OWNED_BY_OTHERS, [list(TABLES), quoted, quoted])
    for (name,) in cursor.fetchall():
        cursor.execute(queries.own_table(name, quoted))
    for table in TABLES:
        cursor.execute(queries.own_table(table, ours))
        cursor.execute(queries.keep_from(table, quoted))
    for statement in queries.work_with_audit(FOLLOWED, quoted):
        cursor.execute(statement)
    for function in FUNCTIONS:
        for statement in queries.own_function(function, ours, quoted):
            cursor.execute(statement)
    cursor.execute(queries.let_call(", ".join(CALLED), quoted))


def _check(cursor: CursorWrapper, owner: str, role: str) -> None:
    cursor.execute(queries.ROLES_REACH, {"role": role})
    reaches_us, we_reach, owns_schema = cursor.fetchone()
    if role == owner or reaches_us:
        raise Unfit(f"{role} can act as {owner}: the audit's owner must be a role of its own, and {role} no superuser")
    if owns_schema:
        raise Unfit(f"{role} owns the database or schema and could drop the audit: ALTER DATABASE … OWNER TO {owner}")
    if not we_reach:
        raise Unfit(f"{owner} can't migrate what belongs to {role}: GRANT {role} TO {owner}")


def _quoted(cursor: CursorWrapper, name: str) -> str:
    cursor.execute(queries.QUOTED, [name])
    return str(cursor.fetchone()[0])
