"""Since when a backend answers polls with no sample of anybody."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0042_lease_maker")]
    operations = [
        migrations.AddField(
            "accounthealth", "no_metrics_since",
            models.DateTimeField(null=True, help_text="Since when polls bring no sample of anybody."),
        ),
    ]
