"""When a person was last there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0003_audit_of_people")]

    operations = [
        migrations.AddField(
            "member", "last_seen_at", models.DateTimeField(blank=True, null=True, help_text="To ten minutes.")
        )
    ]
