"""Less to write at each event: the fold as text that nobody searches, and one unique index for both ways to an ID."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0008_freeze")]
    operations = [
        migrations.AlterField(
            model_name="sandbox",
            name="fold",
            field=models.TextField(
                default="{}", editable=False, help_text="The base of events.fold as JSON: stamps and runs."
            ),
        ),
        migrations.RemoveConstraint(model_name="sandbox", name="sandbox_once"),
        migrations.AddConstraint(
            model_name="sandbox",
            constraint=models.UniqueConstraint(fields=["sandbox_id", "account"], name="sandbox_once"),
        ),
        migrations.RemoveIndex(model_name="sandbox", name="sandbox_by_id"),
    ]
