"""Hands the audit to the role we are connected as, and everything else to the role that the server works as.

The trigger that writes the trail sits on the table of actions, so that one belongs to the audit's owner too.
"""

from django.db.backends.utils import CursorWrapper

from sandboxes.actions.audit import FUNCTIONS, TABLES

# What migrations made as us goes back to the server, which makes and drops partitions. Sequences follow their tables.
_THEIRS = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.oid = ANY(%s::regclass[])
AND c.relowner <> %s::regrole
UNION ALL
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind = 'S' AND c.relowner <> %s::regrole
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i'))"""
_REACH = """
SELECT pg_has_role(%(role)s, current_user, 'MEMBER'), pg_has_role(current_user, %(role)s, 'MEMBER'),
       (SELECT pg_has_role(%(role)s, nspowner, 'MEMBER') FROM pg_namespace WHERE nspname = current_schema())"""


class Unfit(Exception):
    """The roles can't keep the audit apart; the message says what to do in PostgreSQL."""


def hand_over(cursor: CursorWrapper, role: str) -> None:
    """Does it, again and again without harm. Raises Unfit; run it in a transaction."""
    cursor.execute("SELECT current_user, current_schema(), to_regrole(quote_ident(%s)) IS NULL", [role])
    owner, schema, unknown = cursor.fetchone()
    if unknown:
        raise Unfit(f"There is no role {role}")
    _check(cursor, owner, role)
    quoted, ours, place = (_quoted(cursor, name) for name in (role, owner, schema))
    cursor.execute(f"GRANT USAGE, CREATE ON SCHEMA {place} TO {quoted}")
    cursor.execute(_THEIRS, [list(TABLES), quoted, quoted])
    for (name,) in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {name} OWNER TO {quoted}")
    for table in TABLES:
        cursor.execute(f"ALTER TABLE {table} OWNER TO {ours}")
        cursor.execute(f"REVOKE ALL ON {table} FROM PUBLIC, {quoted}")
    cursor.execute(f"GRANT SELECT ON sandboxes_auditentry TO {quoted}")
    cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON sandboxes_action TO {quoted}")
    for function in FUNCTIONS:
        cursor.execute(f"ALTER FUNCTION {function} OWNER TO {ours}")
        cursor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC, {quoted}")
    cursor.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTIONS[-2]}, {FUNCTIONS[-1]} TO {quoted}")


def _check(cursor: CursorWrapper, owner: str, role: str) -> None:
    cursor.execute(_REACH, {"role": role})
    reaches_us, we_reach, owns_schema = cursor.fetchone()
    if role == owner or reaches_us:
        raise Unfit(f"{role} can act as {owner}: the audit's owner must be a role of its own, and {role} no superuser")
    if owns_schema:
        raise Unfit(f"{role} owns the database or schema and could drop the audit: ALTER DATABASE … OWNER TO {owner}")
    if not we_reach:
        raise Unfit(f"{owner} can't migrate what belongs to {role}: GRANT {role} TO {owner}")


def _quoted(cursor: CursorWrapper, name: str) -> str:
    cursor.execute("SELECT quote_ident(%s)", [name])
    return str(cursor.fetchone()[0])
