"""The SQL of an erasure. `keys` and `ids` are of the owner's sandboxes; each statement is safe to run again."""

from typing import Final

# Values of the owner's metadata and aliases, from records and events, that no other sandbox carries.
VALUES: Final = """
WITH own AS (
  SELECT v.value FROM sandboxes_sandbox s, jsonb_each_text(s.metadata) v WHERE s.id = ANY(%(keys)s)
  UNION SELECT s.alias FROM sandboxes_sandbox s WHERE s.id = ANY(%(keys)s) AND s.alias IS NOT NULL
  UNION SELECT v.value FROM events_lifecycleevent e, jsonb_each_text(
    CASE WHEN jsonb_typeof(e.data -> 'sandbox_metadata') = 'object' THEN e.data -> 'sandbox_metadata' ELSE '{}' END) v
  WHERE e.account_id = %(account)s AND e.sandbox_id = ANY(%(ids)s))
SELECT value FROM own WHERE length(value) >= 8 AND value NOT IN (
  SELECT v.value FROM sandboxes_sandbox s, jsonb_each_text(s.metadata) v WHERE NOT s.id = ANY(%(keys)s)
  UNION SELECT s.alias FROM sandboxes_sandbox s WHERE NOT s.id = ANY(%(keys)s) AND s.alias IS NOT NULL)
ORDER BY value"""
UNFINISHED: Final = """
SELECT (SELECT count(*) FROM sandboxes_action WHERE sandbox_id = ANY(%(keys)s)
        AND state IN ('grace', 'queued', 'sent', 'done'))
     + (SELECT count(*) FROM sandboxes_bulkwish WHERE finished_at IS NULL AND keys && %(keys)s::int[])"""

VERDICTS: Final = """
UPDATE sandboxes_verdict v SET spared_why = '', reasons = coalesce((
  SELECT jsonb_agg(jsonb_build_object('rule', r.value -> 'rule', 'evidence', '')) FROM jsonb_array_elements(
    CASE WHEN jsonb_typeof(v.reasons) = 'array' THEN v.reasons ELSE '[]' END) r), '[]')
WHERE v.sandbox_id = ANY(%(keys)s) AND (v.spared_why <> '' OR jsonb_typeof(v.reasons) <> 'array' OR EXISTS (
  SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(v.reasons) = 'array' THEN v.reasons ELSE '[]' END) r
  WHERE r.value ->> 'evidence' <> ''))"""
ACTIONS: Final = """
UPDATE sandboxes_action SET reason = '', evidence = '[]', parameters = '{}', error = '', joined = '[]',
  actor_name = CASE WHEN actor_name = %(owner)s THEN %(pseudonym)s ELSE actor_name END
WHERE sandbox_id = ANY(%(keys)s) AND (reason <> '' OR evidence <> '[]' OR parameters <> '{}' OR error <> ''
  OR joined <> '[]' OR actor_name = %(owner)s)"""
# Their actions, and those of sandboxes of the account whose records retention has deleted and whose trail names them.
AUDITED: Final = """
SELECT id FROM sandboxes_action WHERE sandbox_id = ANY(%(keys)s)
UNION SELECT action_id FROM sandboxes_auditentry
WHERE action_id <> 0 AND change ->> 'account' = %(account_name)s AND change ->> 'sandbox' = ANY(%(ids)s)"""
GONE: Final = """
SELECT e.action_id, string_agg(e.change::text, E'\\n') FROM sandboxes_auditentry e
WHERE e.action_id <> 0 AND NOT EXISTS (SELECT FROM sandboxes_action a WHERE a.id = e.action_id)
GROUP BY e.action_id HAVING max(e.change ->> 'account') = %(account_name)s
AND bool_or(position(%(in_json)s in e.change::text) > 0)"""
BULK: Final = """
UPDATE sandboxes_bulkwish SET reason = '', refused = refused - %(keys)s::text[],
  actor_name = CASE WHEN actor_name = %(owner)s THEN %(pseudonym)s ELSE actor_name END
WHERE keys && %(keys)s::int[] AND (reason <> '' OR refused ?| %(keys)s::text[] OR actor_name = %(owner)s)"""
SPANS: Final = """
UPDATE sandboxes_leasespan SET key = %(pseudonym)s, token = ''
WHERE sandbox_id = ANY(%(keys)s) AND NOT (key ~ '^erased-[0-9a-f]{16}$' AND token = '')"""
# One lock serves all accounts that list its ID: where another one does, what is written on it may be about that one.
LOCKS: Final = """
UPDATE sandboxes_guard g SET protected_reason = '', protected_by = ''
WHERE (g.protected_reason <> '' OR g.protected_by <> '')
  AND EXISTS (SELECT FROM sandboxes_sandbox s WHERE s.guard_id = g.id AND s.id = ANY(%(keys)s))
  AND NOT EXISTS (SELECT FROM sandboxes_sandbox s WHERE s.guard_id = g.id AND NOT s.id = ANY(%(keys)s))"""
GROUPS: Final = """
UPDATE sandboxes_fleetgroup SET name = %(pseudonym)s
WHERE account_id = %(account)s AND kind = 'owner' AND name = %(owner)s"""

# A lease that covers nobody else's sandbox; one that still holds a sandbox alive stays.
LEASES: Final = """
SELECT l.id, l.key, l.metadata, l.released_at IS NULL AND l.lapsed_at IS NULL AND l.expires_at > %(now)s AS holds,
  EXISTS (SELECT FROM sandboxes_leasespan p WHERE p.lease_id = l.id AND p.sandbox_id = ANY(%(keys)s))
    OR EXISTS (SELECT FROM sandboxes_leasemember m WHERE m.lease_id = l.id AND m.sandbox_id = ANY(%(ids)s)) AS own,
  EXISTS (SELECT FROM sandboxes_leasespan p WHERE p.lease_id = l.id AND NOT p.sandbox_id = ANY(%(keys)s))
    OR EXISTS (SELECT FROM sandboxes_leasemember m JOIN sandboxes_sandbox s ON s.sandbox_id = m.sandbox_id
               WHERE m.lease_id = l.id AND NOT s.id = ANY(%(keys)s)) AS other,
  EXISTS (SELECT FROM sandboxes_leasemember m WHERE m.lease_id = l.id
          AND NOT EXISTS (SELECT FROM sandboxes_sandbox s WHERE s.sandbox_id = m.sandbox_id)) AS awaited
FROM sandboxes_lease l ORDER BY l.id"""

COLUMNS: Final = """
SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
JOIN pg_class t ON t.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
WHERE c.table_schema = current_schema() AND t.relkind IN ('r', 'p') AND NOT t.relispartition
  AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')
ORDER BY 1, c.ordinal_position"""
VACUUMED: Final = (
    "sandboxes_sandbox", "sandboxes_verdict", "sandboxes_action", "sandboxes_auditentry", "sandboxes_bulkwish",
    "sandboxes_lease", "sandboxes_leasemember", "sandboxes_leasespan", "sandboxes_guard", "sandboxes_fleetgroup",
    "sandboxes_freeze", "sandboxes_policy", "sandboxes_accountbrake", "sandboxes_accounthealth",
    "sandboxes_ownercallback", "events_lifecycleevent", "events_delivery", "dashboard_savedview",
    "dashboard_idempotentanswer", "django_admin_log",
)  # fmt: skip


def rows_that_hold(table: str, column: str, *, binary: bool) -> str:
    """Counts the rows of a quoted table whose quoted column holds one of some words; takes the words as one list."""
    held = f"convert_to(w, 'UTF8') in {column}" if binary else f"w in {column}::text"
    return f"""
SELECT count(*) FROM {table} WHERE EXISTS (SELECT FROM unnest(%s::text[]) w WHERE position({held}) > 0)"""
