"""IDs as long as Kubernetes makes them, and the time that an event counts as of where its own can't be."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0003_events_as_spelled")]
    operations = [
        migrations.AlterField("lifecycleevent", "sandbox_id", models.CharField(max_length=320)),
        migrations.AddField(
            "lifecycleevent", "folded_at",
            models.DateTimeField(
                blank=True, null=True,
                help_text="The time it counts as of, where its own lies ahead of the backend's clock.",
            ),
        ),
        migrations.AddField(
            "reconcilemark", "late_seconds",
            models.FloatField(default=0, help_text="How late the backend's events have come at most."),
        ),
        migrations.AddField(
            "reconcilemark", "backlog_offset",
            models.PositiveIntegerField(
                null=True, help_text="Where a reading that ran out of its budget goes on; null when none did."
            ),
        ),
        migrations.AddField(
            "reconcilemark", "backlog_newest",
            models.DateTimeField(null=True, help_text="The newest event when that reading began."),
        ),
        migrations.AddField(
            "reconcilemark", "one_page_since",
            models.DateTimeField(
                null=True, help_text="When every offset gave the same events: only the newest page is asked for."
            ),
        ),
    ]
