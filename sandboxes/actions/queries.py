"""Actions by the thousand in one statement, and the audit's chain and owners."""

from collections.abc import Iterable
from typing import Final

RELEASE_LOCKS: Final = "UPDATE sandboxes_guard SET condemned_by_id = NULL WHERE condemned_by_id = ANY(%(keys)s)"
# What may change in an action's life, with PostgreSQL's types.
STORED: Final = {
    "state": "text", "outcome": "text", "error": "text", "attempts": "smallint", "claim_number": "bigint",
    "sent_at": "timestamptz", "answered_at": "timestamptz", "confirmed_at": "timestamptz",
    "spare_until": "timestamptz", "next_attempt_at": "timestamptz", "claimed_until": "timestamptz",
    "verified_at": "timestamptz", "checks": "smallint", "rejection": "text", "id_reused": "boolean",
    "joined": "jsonb", "evidence": "jsonb",
}  # fmt: skip
# A save each would be a round trip an action, and a bulk_update a CASE for each column and row.
STORE_ACTIONS: Final = f"""
    UPDATE sandboxes_action a SET {", ".join(f"{name} = n.{name}" for name in STORED)}
    FROM unnest(%(keys)s::bigint[], {
    ", ".join(f"%({name})s::{'text' if kind == 'jsonb' else kind}[]" for name, kind in STORED.items())
}) AS given(key, {", ".join(STORED)}),
    LATERAL (SELECT {", ".join(f"given.{name}::{kind} AS {name}" for name, kind in STORED.items())}) AS n
    WHERE a.id = given.key
"""
NUMBER_CLAIMS = """
    UPDATE sandboxes_guard g
    SET claim_number = n.number, condemned_by_id = coalesce(n.condemning, g.condemned_by_id)
    FROM unnest(%(locks)s::bigint[], %(numbers)s::bigint[], %(condemning)s::bigint[]) AS n(guard, number, condemning)
    WHERE g.id = n.guard
"""
# One statement for a whole chunk, where a save each would be two round trips a sandbox.
SET_PENDING_ACTIONS = """
    UPDATE sandboxes_guard g SET condemned_by_id = n.action
    FROM unnest(%(locks)s::bigint[], %(actions)s::bigint[]) AS n(guard, action)
    JOIN sandboxes_action a ON a.id = n.action
    WHERE g.id = n.guard AND NOT EXISTS (
        SELECT FROM sandboxes_action c
        WHERE c.id = g.condemned_by_id AND c.account_id <> a.account_id AND c.state IN ('sent', 'done')
    )
"""
AUDIT_HEAD = "SELECT number, hash FROM sandboxes_auditentry WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1"
# A superuser is a member of every role; who owns the schema may drop what is in it.
AUDIT_ALTERABLE = """
SELECT bool_or(pg_has_role(owner, 'MEMBER')) OR has_table_privilege('sandboxes_auditentry', 'INSERT,UPDATE,DELETE')
FROM (SELECT relowner AS owner FROM pg_class WHERE oid = ANY(%(tables)s::regclass[])
      UNION ALL SELECT proowner FROM pg_proc WHERE oid = ANY(%(functions)s::regprocedure[])
      UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = current_schema()) AS owners"""
UTC_TIME = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
AUDIT_ENTRIES = f"""SELECT number, hash, {UTC_TIME}, action_id, change::text
FROM sandboxes_auditentry WHERE number IS NOT NULL ORDER BY number"""
AUDIT_CHECKPOINTS = """SELECT change -> 'checkpoint', at FROM sandboxes_auditentry
WHERE change ? 'checkpoint' AND number IS NOT NULL"""
AUDIT_OPEN = "SELECT action_id FROM sandboxes_auditentry WHERE number IS NULL"
AUDITED_ACTIONS = "SELECT id, requested_at, to_jsonb(a)::text FROM sandboxes_action a ORDER BY id"
# What migrations made as us goes back to the server, which makes and drops partitions. Sequences follow their tables.
OWNED_BY_OTHERS = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.oid = ANY(%s::regclass[])
AND c.relowner <> %s::regrole
UNION ALL
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind = 'S' AND c.relowner <> %s::regrole
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i'))"""
ROLES_REACH = """
SELECT pg_has_role(%(role)s, current_user, 'MEMBER'), pg_has_role(current_user, %(role)s, 'MEMBER'),
       (SELECT pg_has_role(%(role)s, nspowner, 'MEMBER') FROM pg_namespace WHERE nspname = current_schema())"""
AUDIT_SEAL: Final = "SELECT sandboxes_audit_seal(%s)"
AUDIT_PRUNE: Final = "SELECT sandboxes_audit_prune(%s)"
ONE_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
WHO_AND_WHERE: Final = "SELECT current_user, current_schema(), to_regrole(quote_ident(%s)) IS NULL"
QUOTED: Final = "SELECT quote_ident(%s)"


def let_in(schema: str, role: str) -> str:
    """Names are quoted already, here and below: they stand where no parameter may."""
    return f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}"


def own_table(table: str, role: str) -> str:
    """Makes the table, view or sequence the role's."""
    return f"ALTER TABLE {table} OWNER TO {role}"


def keep_from(table: str, role: str) -> str:
    """Takes every right on the table from the role."""
    return f"REVOKE ALL ON {table} FROM PUBLIC, {role}"


def work_with_audit(followed: Iterable[str], role: str) -> list[str]:
    """The role may read the trail, and change what the trail's triggers follow."""
    return [
        f"GRANT SELECT ON sandboxes_auditentry TO {role}",
        *(f"GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES ON {table} TO {role}" for table in followed),
    ]


def own_function(function: str, owner: str, kept_from: str) -> tuple[str, str]:
    """Makes the function the owner's, to be called by nobody else."""
    return f"ALTER FUNCTION {function} OWNER TO {owner}", f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC, {kept_from}"


def let_call(functions: str, role: str) -> str:
    """The role may call these functions, a list with commas."""
    return f"GRANT EXECUTE ON FUNCTION {functions} TO {role}"


AUDIT_ERASE: Final = "SELECT sandboxes_audit_erase(%s::bigint[], %s, %s, %s)"
AUDIT_ERASE_SETTINGS: Final = "SELECT sandboxes_audit_erase_settings(%s::bigint[], %s, %s, %s)"
AUDIT_NOTE: Final = "SELECT sandboxes_audit_note(%s::jsonb)"
AUDIT_ERASURES: Final = """
SELECT number, change #> '{erasure,entries}' FROM sandboxes_auditentry
WHERE change ? 'erasure' AND action_id = 0 AND number IS NOT NULL"""
