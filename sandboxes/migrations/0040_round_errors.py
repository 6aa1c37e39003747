"""Each account's health says which of its rounds fails, since when and why."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sandboxes', '0014_safety_of_accounts'),
    ]

    operations = [
        migrations.AddField(
            model_name='accounthealth',
            name='round_errors',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict, help_text='Rounds that fail, by name: `error`, and in ISO 8601 `since` and `at` (the last time).'),
        ),
    ]
