"""When a person was last there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0002_roles")]

    operations = [
        migrations.AddField(
            "member", "last_seen_at", models.DateTimeField(blank=True, null=True, help_text="To ten minutes.")
        )
    ]
