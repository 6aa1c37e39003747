"""Marks the token that SANDWARDEN_API_TOKEN sets: it ends when the variable is gone."""

from django.db import migrations, models


def mark(apps, schema_editor):
    """The one that bootstrap made so far, by the name that it gives."""
    apps.get_model("dashboard", "ApiToken").objects.filter(name="automation").update(in_environment=True)


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0002_table")]
    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="in_environment",
            field=models.BooleanField(default=False, editable=False, help_text="SANDWARDEN_API_TOKEN sets it."),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
