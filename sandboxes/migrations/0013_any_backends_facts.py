"""What any backend's facts need: one lock per sandbox ID, fractions of a core, unknown states, long IDs."""

from django.db import migrations, models

# Guards of one ID under several URLs become the oldest of them; a protection, and what is on its way, are kept.
MERGE = """
    WITH kept AS (
        SELECT sandbox_id, min(id) AS id, max(claim_number) AS claims, max(condemned_by_id) AS condemned
        FROM sandboxes_guard GROUP BY sandbox_id HAVING count(*) > 1
    ), word AS (
        SELECT DISTINCT ON (g.sandbox_id) g.sandbox_id, g.protected, g.protected_until, g.protected_reason, g.protected_by
        FROM sandboxes_guard g JOIN kept USING (sandbox_id)
        ORDER BY g.sandbox_id, g.protected DESC, g.protected_until DESC NULLS FIRST
    )
    UPDATE sandboxes_guard g SET claim_number = k.claims, condemned_by_id = k.condemned, protected = w.protected,
        protected_until = w.protected_until, protected_reason = w.protected_reason, protected_by = w.protected_by
    FROM kept k JOIN word w USING (sandbox_id) WHERE g.id = k.id;
    UPDATE sandboxes_sandbox s SET guard_id = k.id
    FROM (SELECT sandbox_id, min(id) AS id FROM sandboxes_guard GROUP BY sandbox_id HAVING count(*) > 1) k
    WHERE s.sandbox_id = k.sandbox_id AND s.guard_id <> k.id;
    DELETE FROM sandboxes_guard g USING sandboxes_guard older
    WHERE older.sandbox_id = g.sandbox_id AND older.id < g.id;
    SET CONSTRAINTS ALL IMMEDIATE;
"""
CORES = {"max_digits": 9, "decimal_places": 3, "null": True, "blank": True}


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0012_ten_minutes")]
    operations = [
        migrations.RunSQL(MERGE, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="guard", name="guard_once"),
        migrations.AlterField("guard", "sandbox_id", models.CharField(max_length=320, unique=True)),
        migrations.RemoveField("guard", "url"),
        migrations.AlterField("leasemember", "sandbox_id", models.CharField(max_length=320)),
        migrations.AlterField("sandbox", "sandbox_id", models.CharField(max_length=320)),
        migrations.AlterField("sandbox", "cpu_count", models.DecimalField(**CORES)),
        migrations.AlterField("execution", "cpu_count", models.DecimalField(**CORES)),
        migrations.AlterField(
            "sandbox", "state",
            models.CharField(
                max_length=8,
                choices=[
                    ("running", "Running"), ("paused", "Paused"), ("ended", "Ended"), ("unknown", "Unknown"),
                ],
            ),
        ),
        migrations.AddField(
            "sandbox", "backend_state",
            models.CharField(blank=True, default="", help_text="Its word, where unknown.", max_length=64),
        ),
        migrations.AddField(
            "sandbox", "by_action",
            models.BooleanField(default=False, help_text="The state rests on an answer to our own action alone."),
        ),
        migrations.AddField(
            "sandbox", "listed_start",
            models.DateTimeField(blank=True, help_text="The startedAt that was listed last.", null=True),
        ),
        migrations.AddField(
            "sandbox", "seen_running_at",
            models.DateTimeField(blank=True, help_text="The latest statement that it runs.", null=True),
        ),
        migrations.AddField(
            "sandbox", "returned_at",
            models.DateTimeField(
                blank=True, help_text="When it came back after its death, or its ID was used again.", null=True
            ),
        ),
        migrations.AddField(
            "sandbox", "deletes_at",
            models.DateTimeField(blank=True, help_text="When the backend will delete a paused one.", null=True),
        ),
        migrations.AddField(
            "accounthealth", "list_doubts",
            models.JSONField(default=list, help_text="What of the last list could not be read or can't be true."),
        ),
    ]
