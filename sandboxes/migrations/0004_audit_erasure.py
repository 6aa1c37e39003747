"""The audit can be relieved of personal data: a function of its owner marks entries and seals which ones it marked.

A marked entry keeps its number and hash, so the chain of hashes goes on; what identifies somebody is taken out of
`change`, and `erased` names the fields. The same call adds an entry `erasure` with the SHA-256 of each marked entry:
`verify_audit` accepts no other. Every statement names tables with their schema, as `_tables.py` does.
"""

from django.db import migrations

# `sandwarden.erasing` is on inside the function below alone; what is let by is a mark, whoever sets it.
KEEP = """
CREATE OR REPLACE FUNCTION {s}.sandboxes_audit_keep() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.at < now() - interval '399 days' THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'the audit is only added to';
  END IF;
  IF current_setting('sandwarden.erasing', true) = 'on' AND OLD.number IS NOT NULL
     AND (NEW.id, NEW.at, NEW.action_id, NEW.number, NEW.hash) = (OLD.id, OLD.at, OLD.action_id, OLD.number, OLD.hash)
     AND NEW.change ? 'erased' AND (NEW.change - 'erased' - 'actor_name') <@ OLD.change THEN
    RETURN NEW;
  END IF;
  IF OLD.number IS NOT NULL OR (NEW.id, NEW.at, NEW.action_id, NEW.change) IS DISTINCT FROM
     (OLD.id, OLD.at, OLD.action_id, OLD.change) THEN
    RAISE EXCEPTION 'the audit is only added to';
  END IF;
  RETURN NEW;
END $$;
"""
ERASE = """
CREATE FUNCTION {s}.sandboxes_audit_erase(actions bigint[], named text, pseudonym text, by_whom text)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE entry record; gone text[]; content jsonb; digests jsonb := '{{}}'; erased integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(24225);
  LOOP
    EXIT WHEN {s}.sandboxes_audit_seal(5000) < 5000;
  END LOOP;
  PERFORM set_config('sandwarden.erasing', 'on', true);
  FOR entry IN
    SELECT e.id, e.number, e.change FROM {s}.sandboxes_auditentry e
    WHERE e.action_id = ANY(actions) AND e.action_id <> 0 AND e.number IS NOT NULL AND NOT e.change ? 'erased'
    ORDER BY e.number
  LOOP
    SELECT array_agg(f.key ORDER BY f.key) INTO gone FROM jsonb_each(entry.change) f
    WHERE (f.key IN ('reason', 'evidence', 'parameters', 'error', 'joined')
           AND f.value NOT IN ('""', '[]', '{{}}', 'null'))
       OR (f.key = 'actor_name' AND f.value = to_jsonb(named));
    CONTINUE WHEN gone IS NULL;
    content := entry.change - gone || jsonb_build_object('erased', gone)
      || CASE WHEN 'actor_name' = ANY(gone) THEN jsonb_build_object('actor_name', pseudonym) ELSE '{{}}' END;
    UPDATE {s}.sandboxes_auditentry e SET change = content WHERE e.id = entry.id;
    digests := digests || jsonb_build_object(
      entry.number::text, encode(sha256(convert_to(content::text, 'UTF8')), 'hex'));
    erased := erased + 1;
  END LOOP;
  PERFORM set_config('sandwarden.erasing', 'off', true);
  INSERT INTO {s}.sandboxes_auditentry (at, action_id, change) VALUES (clock_timestamp(), 0,
    jsonb_build_object('erasure', jsonb_build_object('by', by_whom, 'entries', digests)));
  LOOP
    EXIT WHEN {s}.sandboxes_audit_seal(5000) < 5000;
  END LOOP;
  RETURN erased;
END $$;
REVOKE EXECUTE ON FUNCTION {s}.sandboxes_audit_erase(bigint[], text, text, text) FROM PUBLIC;
"""
UNDO = "DROP FUNCTION {s}.sandboxes_audit_erase(bigint[], text, text, text);"


def _run(schema_editor, script):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        cursor.execute(script.format(s=cursor.fetchone()[0]))


def forwards(_, schema_editor):
    _run(schema_editor, KEEP + ERASE)


def backwards(_, schema_editor):
    # The trigger's function goes on as it is: without the function nothing sets what it lets by.
    _run(schema_editor, UNDO)


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0003_store_metadata_keys")]
    operations = [migrations.RunPython(forwards, backwards)]
