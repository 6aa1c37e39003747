"""Rows of events lie in the order of their arrival: a block index tells as much as a tree, and costs an insert nothing."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [
        migrations.RemoveIndex(model_name="lifecycleevent", name="event_by_arrival"),
        migrations.AddIndex(
            model_name="lifecycleevent",
            index=BrinIndex(fields=["received_at"], autosummarize=True, name="event_by_arrival"),
        ),
    ]
