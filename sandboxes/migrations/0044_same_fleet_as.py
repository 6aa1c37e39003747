"""Which account stands for another one that lists the same sandboxes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0043_no_metrics_since")]
    operations = [
        migrations.AddField(
            "account", "same_fleet_as",
            models.ForeignKey(
                "sandboxes.account", django.db.models.deletion.SET_NULL, null=True, blank=True, editable=False,
                related_name="+",
                help_text="Another account of one project: it lists the same sandboxes, and counts for both.",
            ),
        ),
    ]
