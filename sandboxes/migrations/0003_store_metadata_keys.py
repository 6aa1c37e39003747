"""Accounts may name the metadata keys that are stored; null stores all, as until now."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0002_one_meaning_each")]
    operations = [
        migrations.AddField(
            "Account", "store_metadata_keys",
            django.contrib.postgres.fields.ArrayField(
                models.CharField(max_length=128), null=True, blank=True, size=None,
                help_text="Only metadata under these keys is ever stored; empty (null) for all.",
            ),
        ),
    ]  # fmt: skip
