"""What of the first schema Django has no words for: partitions, room on pages, functions and triggers.

Every partitioned table begins with a default partition: what no other takes has a place. The others are made as time
goes (sandboxes/metrics/series/partitions.py). `id` comes from a sequence: an identity column in partitions needs
PostgreSQL 17.
"""

FRAMES = """
CREATE SEQUENCE sandboxes_metricframe_number;
CREATE TABLE sandboxes_metricframe (
    id bigint NOT NULL DEFAULT nextval('sandboxes_metricframe_number'), account_id bigint NOT NULL,
    shard smallint NOT NULL CHECK (shard >= 0), shards smallint NOT NULL CHECK (shards >= 0), kept boolean NOT NULL,
    at timestamptz NOT NULL, clock_unix bigint NOT NULL, keys bigint[] NOT NULL, ages smallint[] NOT NULL,
    fresh boolean[] NOT NULL, cpu smallint[] NOT NULL, mem integer[] NOT NULL, mem_total integer[] NOT NULL,
    disk_total integer[] NOT NULL, compacted boolean NOT NULL, disk_share smallint[] NOT NULL
) PARTITION BY LIST (kept);
ALTER SEQUENCE sandboxes_metricframe_number OWNED BY sandboxes_metricframe.id;
CREATE TABLE sandboxes_metricframe_kept PARTITION OF sandboxes_metricframe FOR VALUES IN (true)
    PARTITION BY RANGE (at);
CREATE TABLE sandboxes_metricframe_fine PARTITION OF sandboxes_metricframe FOR VALUES IN (false)
    PARTITION BY RANGE (at);
CREATE TABLE sandboxes_metricframe_kept_default PARTITION OF sandboxes_metricframe_kept DEFAULT;
CREATE TABLE sandboxes_metricframe_fine_default PARTITION OF sandboxes_metricframe_fine DEFAULT;
CREATE UNIQUE INDEX frame_once ON sandboxes_metricframe (account_id, at, shard, kept);
CREATE INDEX frame_to_compact ON sandboxes_metricframe (at) WHERE NOT compacted;
CREATE INDEX frame_by_id ON sandboxes_metricframe (id);
"""
SERIES = """
CREATE SEQUENCE sandboxes_metricseries_number;
CREATE TABLE sandboxes_metricseries (
    id bigint NOT NULL DEFAULT nextval('sandboxes_metricseries_number'), sandbox_id integer NOT NULL,
    hour timestamptz NOT NULL, source varchar(8) NOT NULL, step_seconds smallint NOT NULL CHECK (step_seconds >= 0),
    offsets smallint[] NOT NULL, cpu smallint[] NOT NULL, mem integer[] NOT NULL, disk integer[] NOT NULL,
    cpu_max smallint NOT NULL, mem_max integer NOT NULL, rolled boolean NOT NULL DEFAULT false
) PARTITION BY RANGE (hour);
ALTER SEQUENCE sandboxes_metricseries_number OWNED BY sandboxes_metricseries.id;
CREATE TABLE sandboxes_metricseries_default PARTITION OF sandboxes_metricseries DEFAULT;
CREATE UNIQUE INDEX series_once ON sandboxes_metricseries (sandbox_id, hour, source);
CREATE INDEX series_to_roll ON sandboxes_metricseries (hour) WHERE NOT rolled;
CREATE INDEX series_not_rolled ON sandboxes_metricseries (sandbox_id, hour) WHERE NOT rolled;
CREATE INDEX series_by_id ON sandboxes_metricseries (id);
"""


def _rollup(name: str, once: str) -> str:
    table = f"sandboxes_{name}"
    return f"""
CREATE SEQUENCE {table}_number;
CREATE TABLE {table} (
    id bigint NOT NULL DEFAULT nextval('{table}_number'), sandbox_id integer NOT NULL, at timestamptz NOT NULL,
    steps smallint[] NOT NULL, samples smallint[] NOT NULL,
    cpu_min smallint[] NOT NULL, cpu_mean smallint[] NOT NULL, cpu_max smallint[] NOT NULL,
    mem_min integer[] NOT NULL, mem_mean integer[] NOT NULL, mem_max integer[] NOT NULL,
    disk_min integer[] NOT NULL, disk_mean integer[] NOT NULL, disk_max integer[] NOT NULL
) PARTITION BY RANGE (at);
ALTER SEQUENCE {table}_number OWNED BY {table}.id;
CREATE TABLE {table}_default PARTITION OF {table} DEFAULT;
CREATE UNIQUE INDEX {once} ON {table} (sandbox_id, at);
CREATE INDEX {name}_by_id ON {table} (id);
"""


MINUTES = _rollup("seriesminutes", "series_minutes_once")
HOURS = _rollup("serieshours", "series_hours_once")
# Room for a row's next version, so that an update need not touch the indexes. Rows of some hundred bytes, mostly
# zeros: PostgreSQL packs a row only beyond its target, which is 2 kB.
STORAGE = """
ALTER TABLE sandboxes_sandbox SET (fillfactor = 75);
ALTER TABLE sandboxes_execution SET (fillfactor = 85);
ALTER TABLE sandboxes_fleetminute SET (toast_tuple_target = 256);
ALTER TABLE sandboxes_fleethour SET (toast_tuple_target = 256);
ALTER TABLE sandboxes_fleetgroup SET (toast_tuple_target = 256);
"""
# The database refuses every change of an action's state that is no transition (sandboxes/actions/machine.py).
TRANSITIONS = """
CREATE FUNCTION sandboxes_action_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.state || '>' || NEW.state) <> ALL (ARRAY[
    'grace>queued', 'grace>confirmed', 'grace>cancelled',
    'queued>sent', 'queued>grace', 'queued>cancelled',
    'sent>done', 'sent>confirmed', 'sent>queued', 'sent>failed',
    'done>confirmed', 'done>failed', 'confirmed>failed'
  ]) THEN
    RAISE EXCEPTION 'action % can not go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sandboxes_action_transition BEFORE UPDATE OF state ON sandboxes_action
FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION sandboxes_action_transition();
"""
# The audit. A trigger writes down every change of an action, and what was written stays as it is; what only says who
# works on it is left out: a claim changes many times and nothing was done yet. Sealing and pruning are functions of the
# tables' owner (`manage.py protect_audit`); they name every table with its schema and search no other.
_WRITE = """
CREATE FUNCTION {s}.sandboxes_audit_action() RETURNS trigger LANGUAGE plpgsql
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
CREATE TRIGGER sandboxes_audit AFTER INSERT OR UPDATE OR DELETE ON {s}.sandboxes_action
FOR EACH ROW EXECUTE FUNCTION {s}.sandboxes_audit_action();
"""
_KEEP = """
CREATE FUNCTION {s}.sandboxes_audit_keep() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.at < now() - interval '399 days' THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'the audit is only added to';
  END IF;
  IF OLD.number IS NOT NULL OR (NEW.id, NEW.at, NEW.action_id, NEW.change) IS DISTINCT FROM
     (OLD.id, OLD.at, OLD.action_id, OLD.change) THEN
    RAISE EXCEPTION 'the audit is only added to';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sandboxes_audit_keep BEFORE UPDATE OR DELETE ON {s}.sandboxes_auditentry
FOR EACH ROW EXECUTE FUNCTION {s}.sandboxes_audit_keep();
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
# The oldest first; 24225 is an advisory lock, since two sealers would give one number twice.
_SEAL = """
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
_PRUNE = """
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


def audit(_, schema_editor):
    """Makes the audit's functions and triggers in the schema that the tables are in."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        cursor.execute((_WRITE + _SEAL + _PRUNE + _KEEP).format(s=cursor.fetchone()[0]))
