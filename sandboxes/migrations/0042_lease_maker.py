"""Whose a lease is: only its maker renews or releases it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0041_audit_of_its_own")]
    operations = [
        migrations.AddField(
            model_name="lease",
            name="maker",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Whose it is, `token:ID` or `user:ID`; empty for anybody's.",
                max_length=64,
            ),
        )
    ]
