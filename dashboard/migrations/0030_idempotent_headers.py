"""Keeps the headers of a first answer, such as Retry-After, with its body."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0020_environments_token")]
    operations = [
        migrations.AddField(
            model_name="idempotentanswer",
            name="headers",
            field=models.JSONField(default=dict, db_default={}, help_text="Header values by name."),
        ),
    ]
