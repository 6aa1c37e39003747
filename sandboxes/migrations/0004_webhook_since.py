"""Since when webhooks are expected: only from then on can one be missed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0003_cause_looked_at")]
    operations = [
        migrations.AddField(
            "accounthealth",
            "webhook_since",
            models.DateTimeField(help_text="The first delivery: from then on events are expected.", null=True),
        ),
    ]
