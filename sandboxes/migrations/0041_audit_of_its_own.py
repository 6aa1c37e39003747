"""The audit seals and prunes through functions of its owner, leaves a checkpoint, and refuses TRUNCATE.

Nothing here depends on who owns what: `manage.py protect_audit` hands tables and functions to a role of their own.
The functions name every table with its schema and search no other, so that nobody can put a table in their way.
"""

from django.db import migrations

# What only says who works on it is left out: a claim changes many times and nothing was done yet.
WRITE = """
CREATE OR REPLACE FUNCTION {s}.sandboxes_audit_action() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE told jsonb;
BEGIN
  IF TG_OP = 'INSERT' THEN
    told := to_jsonb(NEW) || coalesce(
      (SELECT jsonb_build_object('sandbox', s.sandbox_id, 'account', a.name)
       FROM {s}.sandboxes_sandbox s JOIN {s}.sandboxes_account a ON a.id = s.account_id WHERE s.id = NEW.sandbox_id),
      '{{}}');
  ELSIF TG_OP = 'DELETE' THEN
    told := '{{"deleted": true}}';
  ELSE
    SELECT jsonb_object_agg(now.key, now.value) INTO told FROM jsonb_each(to_jsonb(NEW)) AS now
    WHERE to_jsonb(OLD) -> now.key IS DISTINCT FROM now.value
      AND now.key NOT IN ('claimed_until', 'claim_number', 'next_attempt_at');
  END IF;
  IF told IS NOT NULL THEN
    INSERT INTO {s}.sandboxes_auditentry (at, action_id, change)
    VALUES (clock_timestamp(), coalesce(NEW.id, OLD.id), told);
  END IF;
  RETURN NULL;
END $$;
"""
# The oldest first; 0x5EA1 is an advisory lock, since two sealers would give one number twice.
SEAL = """
CREATE FUNCTION {s}.sandboxes_audit_seal(most integer) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE entry record; place bigint; last bytea; sealed integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(24225) THEN RETURN 0; END IF;
  SELECT e.number, e.hash INTO place, last FROM {s}.sandboxes_auditentry e
  WHERE e.number IS NOT NULL ORDER BY e.number DESC LIMIT 1;
  place := coalesce(place, 0);
  last := coalesce(last, ''::bytea);
  FOR entry IN
    SELECT e.id, e.action_id, e.change::text AS change,
           to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
    FROM {s}.sandboxes_auditentry e WHERE e.number IS NULL ORDER BY e.id LIMIT most
  LOOP
    place := place + 1;
    last := sha256(last || convert_to(
      E'\\n' || place || E'\\n' || entry.at || E'\\n' || entry.action_id || E'\\n' || entry.change, 'UTF8'));
    UPDATE {s}.sandboxes_auditentry e SET number = place, hash = last WHERE e.id = entry.id;
    sealed := sealed + 1;
  END LOOP;
  RETURN sealed;
END $$;
"""
# An action has no ID 0: that is the chain's own voice.
PRUNE = """
CREATE FUNCTION {s}.sandboxes_audit_prune(before timestamptz) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE place bigint; pruned integer; gone record;
BEGIN
  PERFORM pg_advisory_xact_lock(24225);
  before := least(before, now() - interval '399 days');
  SELECT coalesce((SELECT min(e.number) - 1 FROM {s}.sandboxes_auditentry e WHERE e.number IS NOT NULL
                   AND e.at >= before), max(e.number)) INTO place
  FROM {s}.sandboxes_auditentry e WHERE e.number IS NOT NULL;
  SELECT e.number, e.hash, e.at INTO gone FROM {s}.sandboxes_auditentry e WHERE e.number = place;
  IF NOT FOUND THEN RETURN 0; END IF;
  INSERT INTO {s}.sandboxes_auditentry (at, action_id, change) VALUES (clock_timestamp(), 0, jsonb_build_object(
    'checkpoint', jsonb_build_object('number', gone.number, 'hash', encode(gone.hash, 'hex'), 'at',
      to_char(gone.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))));
  -- Sealed before they go: the checkpoint takes its place in the chain that they end.
  LOOP
    EXIT WHEN {s}.sandboxes_audit_seal(5000) < 5000;
  END LOOP;
  DELETE FROM {s}.sandboxes_auditentry e WHERE e.number <= place;
  GET DIAGNOSTICS pruned = ROW_COUNT;
  RETURN pruned;
END $$;
"""
KEEP = """
ALTER FUNCTION {s}.sandboxes_audit_keep() SET search_path = pg_catalog, pg_temp;
CREATE FUNCTION {s}.sandboxes_audit_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the audit is only added to: % can''t be truncated', TG_TABLE_NAME;
END $$;
CREATE TRIGGER sandboxes_audit_stays BEFORE TRUNCATE ON {s}.sandboxes_auditentry
FOR EACH STATEMENT EXECUTE FUNCTION {s}.sandboxes_audit_stays();
CREATE TRIGGER sandboxes_audit_stays BEFORE TRUNCATE ON {s}.sandboxes_action
FOR EACH STATEMENT EXECUTE FUNCTION {s}.sandboxes_audit_stays();
REVOKE EXECUTE ON FUNCTION {s}.sandboxes_audit_seal(integer), {s}.sandboxes_audit_prune(timestamptz) FROM PUBLIC;
"""
UNDO = """
DROP TRIGGER sandboxes_audit_stays ON {s}.sandboxes_auditentry;
DROP TRIGGER sandboxes_audit_stays ON {s}.sandboxes_action;
DROP FUNCTION {s}.sandboxes_audit_stays, {s}.sandboxes_audit_prune, {s}.sandboxes_audit_seal;
ALTER FUNCTION {s}.sandboxes_audit_action() SECURITY INVOKER RESET ALL;
ALTER FUNCTION {s}.sandboxes_audit_keep() RESET ALL;
"""


def _run(schema_editor, script):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        cursor.execute(script.format(s=cursor.fetchone()[0]))


def forwards(_, schema_editor):
    _run(schema_editor, WRITE + SEAL + PRUNE + KEEP)


def backwards(_, schema_editor):
    # The trigger's function goes on as it is: it names its tables whole.
    _run(schema_editor, UNDO)


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0040_round_errors")]
    operations = [migrations.RunPython(forwards, backwards)]
