"""Lists of what happened to settings find their entries among those of millions of actions."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # made beside the work of a running server
    dependencies = [("sandboxes", "0006_audit_of_settings")]
    operations = [
        AddIndexConcurrently(
            "auditentry",
            models.Index(fields=["-id"], condition=models.Q(("action_id", 0)), name="audit_of_settings"),
        )
    ]
