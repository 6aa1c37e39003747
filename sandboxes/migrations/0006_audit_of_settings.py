"""Changes of settings, sign-ins and exports join the chain of the actions' audit, as entries of action 0.

A trigger on each table that is followed writes who changed what, old and new values; of a secret only that it changed.
What is no table's change is noted by a function. Entries stand under `setting`: subject, id, name, verb, actor, accounts
(their names; null where no account is named), before, after.
"""

from django.db import migrations

# Arguments: the subject's word; the column it is named by; columns left out, then secret ones, with commas between; where
# its accounts stand: `name`, `account_id`, `accounts` (keys), `match` (names in JSON), or nothing.
FOLLOW = """
CREATE FUNCTION {s}.sandboxes_audit_accounts(place text, line jsonb) RETURNS text[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE
    WHEN line IS NULL THEN NULL
    WHEN place = 'name' THEN ARRAY[line ->> 'name']
    WHEN place = 'account_id' THEN
      (SELECT array_agg(a.name::text) FROM {s}.sandboxes_account a WHERE a.id = (line ->> 'account_id')::bigint)
    WHEN place = 'accounts' AND jsonb_typeof(line -> 'accounts') = 'array' THEN
      (SELECT coalesce(array_agg(a.name::text ORDER BY a.name), '{{}}') FROM {s}.sandboxes_account a
       WHERE line -> 'accounts' @> to_jsonb(a.id))
    WHEN place = 'match' THEN
      (SELECT array_agg(n ORDER BY n) FROM jsonb_array_elements_text(coalesce(line #> '{{match,accounts}}', '[]')) n)
  END;
END $$;
CREATE FUNCTION {s}.sandboxes_audit_setting() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  is_now jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  one jsonb := coalesce(is_now, was);
  silent text[] := string_to_array(TG_ARGV[2], ',');
  secret text[] := string_to_array(TG_ARGV[3], ',');
  old_ones text[] := {s}.sandboxes_audit_accounts(TG_ARGV[4], was);
  new_ones text[] := {s}.sandboxes_audit_accounts(TG_ARGV[4], is_now);
  before jsonb; after jsonb; places text[];
BEGIN
  SELECT jsonb_object_agg(key, old_value) FILTER (WHERE was IS NOT NULL),
         jsonb_object_agg(key, new_value) FILTER (WHERE is_now IS NOT NULL)
  INTO before, after
  FROM (SELECT key,
    CASE WHEN NOT key = ANY(secret) THEN coalesce(was -> key, 'null') WHEN coalesce(was ->> key, '') = '' THEN 'null'
         ELSE '"set"' END AS old_value,
    CASE WHEN NOT key = ANY(secret) THEN coalesce(is_now -> key, 'null')
         WHEN coalesce(is_now ->> key, '') = '' THEN 'null'
         WHEN coalesce(was ->> key, '') = '' THEN '"set"' ELSE '"set anew"' END AS new_value
    FROM jsonb_object_keys(one) AS key
    WHERE NOT key = ANY(silent) AND (TG_OP <> 'UPDATE' OR was -> key IS DISTINCT FROM is_now -> key)) AS told;
  IF coalesce(before, after) IS NULL THEN RETURN NULL; END IF;
  -- Of a policy for some accounts and then for all, all are concerned.
  IF (was IS NULL OR old_ones IS NOT NULL) AND (is_now IS NULL OR new_ones IS NOT NULL) THEN
    SELECT array_agg(DISTINCT n ORDER BY n) INTO places FROM unnest(old_ones || new_ones) AS n;
    places := coalesce(places, '{{}}');
  END IF;
  INSERT INTO {s}.sandboxes_auditentry (at, action_id, change) VALUES (clock_timestamp(), 0, jsonb_build_object('setting',
    jsonb_build_object(
      'subject', TG_ARGV[0], 'id', coalesce(one ->> 'user_id', one ->> 'id'),
      'name', CASE WHEN TG_ARGV[1] = 'user_id' THEN
          (SELECT u.username FROM {s}.auth_user u WHERE u.id = (one ->> 'user_id')::bigint)
        WHEN TG_ARGV[1] = 'account_id' THEN
          (SELECT a.name FROM {s}.sandboxes_account a WHERE a.id = (one ->> 'account_id')::bigint)
        ELSE one ->> TG_ARGV[1] END,
      'verb', CASE TG_OP WHEN 'INSERT' THEN 'added' WHEN 'UPDATE' THEN 'changed' ELSE 'removed' END,
      'actor', {s}.sandboxes_audit_actor(), 'accounts', places, 'before', before, 'after', after)));
  RETURN NULL;
END $$;
"""
# Whoever changes something beside us told us nothing: the database knows as whom they are there.
ACTOR = """
CREATE FUNCTION {s}.sandboxes_audit_actor() RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(nullif(current_setting('sandwarden.actor', true), '')::jsonb,
                  jsonb_build_object('kind', 'database', 'name', session_user::text))
$$;
"""
NOTE = """
CREATE FUNCTION {s}.sandboxes_audit_note(setting jsonb) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO {s}.sandboxes_auditentry (at, action_id, change)
  VALUES (clock_timestamp(), 0, jsonb_build_object('setting', setting));
END $$;
REVOKE EXECUTE ON FUNCTION {s}.sandboxes_audit_note(jsonb) FROM PUBLIC;
"""
# Keeps what happened, when and by whom; takes out the values and the name, which may identify somebody.
ERASE = """
CREATE FUNCTION {s}.sandboxes_audit_erase_settings(chosen bigint[], named text, pseudonym text, by_whom text)
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
    WHERE e.id = ANY(chosen) AND e.action_id = 0 AND e.change ? 'setting' AND e.number IS NOT NULL
      AND NOT e.change ? 'erased'
    ORDER BY e.number
  LOOP
    content := jsonb_build_object('setting', (entry.change -> 'setting') - 'before' - 'after' - 'name',
      'erased', jsonb_build_array('name', 'before', 'after'));
    IF content #>> '{{setting,actor,name}}' = named THEN
      content := content #- '{{setting,actor,name}}' || jsonb_build_object('actor_name', pseudonym);
    END IF;
    UPDATE {s}.sandboxes_auditentry e SET change = content WHERE e.id = entry.id;
    digests := digests || jsonb_build_object(
      entry.number::text, encode(sha256(convert_to(content::text, 'UTF8')), 'hex'));
    erased := erased + 1;
  END LOOP;
  PERFORM set_config('sandwarden.erasing', 'off', true);
  IF erased > 0 THEN
    INSERT INTO {s}.sandboxes_auditentry (at, action_id, change) VALUES (clock_timestamp(), 0,
      jsonb_build_object('erasure', jsonb_build_object('by', by_whom, 'entries', digests)));
    LOOP
      EXIT WHEN {s}.sandboxes_audit_seal(5000) < 5000;
    END LOOP;
  END IF;
  RETURN erased;
END $$;
REVOKE EXECUTE ON FUNCTION {s}.sandboxes_audit_erase_settings(bigint[], text, text, text) FROM PUBLIC;
"""
TRIGGER = """
CREATE TRIGGER sandboxes_audit_setting AFTER INSERT OR UPDATE OR DELETE ON {s}.{table}
FOR EACH ROW EXECUTE FUNCTION {s}.sandboxes_audit_setting({given});
"""
# Subject, named by, left out (what rounds note down is no setting), secret, accounts.
FOLLOWED = {
    "sandboxes_account": (
        "account",
        "name",
        "id,created_at,api_key_at,capabilities,webhook_id,webhook_secret_at,previous_webhook_secret,previous_secret_until,"
        "sent_webhook_secret,same_fleet_as_id",
        "api_key,webhook_secret",
        "name",
    ),
    "sandboxes_policy": ("policy", "name", "id,last_run_at,hits,held_why", "", "match"),
    "sandboxes_price": ("price", "since", "id", "", ""),
    "sandboxes_freeze": ("freeze", "reason", "id", "", ""),
    "sandboxes_ownercallback": (
        "owner callback", "account_id", "id,account_id,asked_at,answered_at,error", "secret", "account_id",
    ),
    "sandboxes_accountbrake": ("brake", "account_id", "id,account_id,counts_from", "", "account_id"),
}  # fmt: skip


def run(schema_editor, script, **given):
    """Fills in the schema that the tables are in."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        cursor.execute(script.format(s=cursor.fetchone()[0], **given))


def follow(schema_editor, table, arguments):
    """Puts the trigger on a table. Arguments are words of ours, without quotes."""
    run(schema_editor, TRIGGER, table=table, given=", ".join(f"'{one}'" for one in arguments))


def leave(schema_editor, table):
    """Takes it off again."""
    run(schema_editor, "DROP TRIGGER sandboxes_audit_setting ON {s}.{table}", table=table)


def forwards(_, schema_editor):
    run(schema_editor, ACTOR + FOLLOW + NOTE + ERASE)
    for table, arguments in FOLLOWED.items():
        follow(schema_editor, table, arguments)


def backwards(_, schema_editor):
    for table in FOLLOWED:
        leave(schema_editor, table)
    run(
        schema_editor,
        "DROP FUNCTION {s}.sandboxes_audit_setting(), {s}.sandboxes_audit_accounts(text, jsonb), "
        "{s}.sandboxes_audit_note(jsonb), {s}.sandboxes_audit_erase_settings(bigint[], text, text, text), "
        "{s}.sandboxes_audit_actor()",
    )


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0005_lease_accounts"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(forwards, backwards)]
