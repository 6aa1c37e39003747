"""One definition in the database of each meaning that several statements share.

The generated column rewrites `sandboxes_sandbox` once. Whoever changes a column that stands here drops the view or
function first and makes it anew in the same migration: PostgreSQL says which one stands in the way.
"""

from django.db import migrations, models
from django.db.models.functions import Coalesce, NullIf

# Held for an orphan in [since, until): by an open verdict only while its policy is enabled.
ORPHAN_SPAN = """
CREATE VIEW sandboxes_orphan_span AS
SELECT v.sandbox_id, v.policy_id, v.since, v.until
FROM sandboxes_verdict v LEFT JOIN sandboxes_policy p ON p.id = v.policy_id
WHERE v.until IS NOT NULL OR p.enabled"""
# Held by a verdict that is open; one row for each policy that holds it, dry runs too. What asks it of a sandbox that is
# at hand asks this and its state, as the view below does: to join the sandboxes once more takes twice the time.
ORPHAN_HELD = """
CREATE VIEW sandboxes_orphan_held AS
SELECT v.sandbox_id, v.policy_id
FROM sandboxes_verdict v JOIN sandboxes_policy p ON p.id = v.policy_id
WHERE v.until IS NULL AND p.enabled"""
# An orphan now: only what lives is one.
ORPHAN_NOW = """
CREATE VIEW sandboxes_orphan_now AS
SELECT o.sandbox_id, o.policy_id
FROM sandboxes_orphan_held o JOIN sandboxes_sandbox s ON s.id = o.sandbox_id
WHERE s.state <> 'ended'"""
# The price of each moment: the first also holds for all time before it; without any, everything costs nothing.
PRICE_SPAN = """
CREATE VIEW sandboxes_price_span AS
SELECT CASE WHEN lag(since) OVER w IS NULL THEN '-infinity' ELSE since END AS since,
       coalesce(lead(since) OVER w, 'infinity') AS until, usd_per_vcpu_second, usd_per_gib_second
FROM sandboxes_price WINDOW w AS (ORDER BY since)
UNION ALL
SELECT '-infinity', 'infinity', 0, 0 WHERE NOT EXISTS (SELECT FROM sandboxes_price)"""
# The newest frame of each part of each of these accounts, as of a moment, however old: all of an account within two
# minutes. While the number of parts changes, those of the newest layout that is all there count, or else
# of the newest: no sandbox is in two. By the index (account, at, shard); the arrays are stored apart, and are only
# fetched for the frames that are kept. PostgreSQL writes it into the statement that asks.
NEWEST_FRAMES = """
CREATE FUNCTION sandboxes_newest_frames(accounts bigint[], as_of timestamptz) RETURNS SETOF sandboxes_metricframe
LANGUAGE sql STABLE PARALLEL SAFE ROWS 16 AS $$
    SELECT {columns} FROM (
        SELECT *, first_value(shards) OVER (
            PARTITION BY account_id ORDER BY whole DESC, parts_at DESC, shards DESC) AS layout
        FROM (
            SELECT *, count(*) OVER layouts >= shards AS whole, max(at) OVER layouts AS parts_at
            FROM (
                SELECT DISTINCT ON (f.account_id, f.shards, f.shard) f.*
                FROM sandboxes_account a
                CROSS JOIN LATERAL (
                    SELECT max(at) AS at FROM sandboxes_metricframe
                    WHERE account_id = a.id AND at <= as_of
                ) newest
                JOIN sandboxes_metricframe f ON f.account_id = a.id AND f.at <= newest.at
                 AND f.at > newest.at - interval '2 minutes'
                WHERE a.id = ANY(accounts)
                ORDER BY f.account_id, f.shards, f.shard, f.at DESC
            ) newest_of_each WINDOW layouts AS (PARTITION BY account_id, shards)
        ) with_parts
    ) with_layout WHERE shards = layout
$$"""
# A connect reports the end anew even where it did not move: that alone is no sign of life.
END_MOVED = """
CREATE VIEW sandboxes_end_moved AS
SELECT sandbox_id, at FROM (
    SELECT sandbox_id, at, end_at - lag(end_at) OVER (PARTITION BY sandbox_id ORDER BY at, end_at) AS moved
    FROM sandboxes_executionend
) ends WHERE abs(extract(epoch FROM moved)) >= 2"""
# The last sample in [since, until) of at least so many hundredths of a percent CPU. An hour's own maximum says whether
# its samples are worth opening: of most sandboxes that is one row.
LAST_WORK = """
CREATE FUNCTION sandboxes_last_work(boxes integer[], since timestamptz, until timestamptz, cpu_least integer)
RETURNS TABLE (sandbox_id integer, at timestamptz) LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 AS $$
    SELECT box.key, last.at
    FROM unnest(boxes) AS box (key) CROSS JOIN LATERAL (
        SELECT max(hours.at) AS at FROM (
            SELECT worked.at FROM sandboxes_metricseries m CROSS JOIN LATERAL (
                SELECT max(m.hour + o.after * interval '1 second') AS at FROM unnest(m.offsets, m.cpu) AS o (after, cpu)
                WHERE o.cpu >= cpu_least AND m.hour + o.after * interval '1 second' >= since
                  AND m.hour + o.after * interval '1 second' < until
            ) worked
            WHERE m.sandbox_id = box.key AND m.hour >= date_trunc('hour', since, 'UTC') AND m.hour < until
              AND m.cpu_max >= cpu_least AND worked.at IS NOT NULL
            ORDER BY m.hour DESC FETCH FIRST 1 ROW WITH TIES
        ) hours
    ) last WHERE last.at IS NOT NULL
$$"""
FRAME_COLUMNS = (
    "id, account_id, shard, shards, kept, at, clock_unix, keys, ages, fresh, cpu, mem, mem_total, disk_total,"
    " compacted, disk_share"  # in the table's own order
)


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0001_squashed")]
    operations = [
        migrations.AddField(
            "sandbox", "template_shown",
            models.GeneratedField(
                expression=Coalesce(
                    NullIf("template_name", models.Value("")), NullIf("alias", models.Value("")), "template_id"
                ),
                output_field=models.CharField(max_length=200), db_persist=True,
            ),
        ),
        migrations.RunSQL(ORPHAN_SPAN, "DROP VIEW sandboxes_orphan_span"),
        migrations.RunSQL(ORPHAN_HELD, "DROP VIEW sandboxes_orphan_held"),
        migrations.RunSQL(ORPHAN_NOW, "DROP VIEW sandboxes_orphan_now"),
        migrations.RunSQL(PRICE_SPAN, "DROP VIEW sandboxes_price_span"),
        migrations.RunSQL(
            NEWEST_FRAMES.format(columns=FRAME_COLUMNS),
            "DROP FUNCTION sandboxes_newest_frames(bigint[], timestamptz)",
        ),
        migrations.RunSQL(END_MOVED, "DROP VIEW sandboxes_end_moved"),
        migrations.RunSQL(
            LAST_WORK, "DROP FUNCTION sandboxes_last_work(integer[], timestamptz, timestamptz, integer)"
        ),
    ]
