"""A lease covers only sandboxes of accounts that its maker holds; null, as for all until now, is every account."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sandboxes', '0004_audit_erasure'),
    ]

    operations = [
        migrations.AddField(
            model_name='lease',
            name='accounts',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, help_text='Keys of the accounts that its maker holds: it covers no sandbox of another; null for all.', null=True, size=None),
        ),
    ]
