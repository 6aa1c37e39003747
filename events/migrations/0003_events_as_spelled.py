"""The whole event as it was spelled: `json` keeps the text, and storing it takes nothing apart."""

from django.db import migrations

import events.models


class Migration(migrations.Migration):
    dependencies = [("events", "0002_arrivals_by_block")]
    operations = [
        migrations.AlterField(
            model_name="lifecycleevent",
            name="raw",
            field=events.models.VerbatimJSONField(
                help_text="The whole event as it came: nothing that E2B told us is dropped."
            ),
        ),
    ]
