"""Leaves room on a page for the next version of a sandbox's row, so that an update need not touch the indexes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0002_prices_and_policies")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE sandboxes_sandbox SET (fillfactor = 75)", "ALTER TABLE sandboxes_sandbox RESET (fillfactor)"
        ),
        migrations.RunSQL(
            "ALTER TABLE sandboxes_execution SET (fillfactor = 85)",
            "ALTER TABLE sandboxes_execution RESET (fillfactor)",
        ),
    ]
