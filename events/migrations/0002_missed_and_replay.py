"""What brought a parked delivery, so that it can be replayed; and an index of what reconcile found first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [
        migrations.AddField(
            "delivery",
            "source",
            models.CharField(default="webhook", help_text="What brought it, as an event's.", max_length=9),
        ),
        migrations.AddIndex(
            "lifecycleevent",
            models.Index(
                fields=["account", "-timestamp"],
                condition=models.Q(source="reconcile"),
                name="event_reconciled",
            ),
        ),
    ]
