"""Models and fields take the names of the trade; tables and columns keep theirs."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0045_state_machine")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("BulkWish", "BulkRequest"),
                migrations.AlterModelTable("BulkRequest", "sandboxes_bulkwish"),
                migrations.AlterModelOptions("BulkRequest", {}),
                migrations.RenameModel("Guard", "SandboxLock"),
                migrations.AlterModelTable("SandboxLock", "sandboxes_guard"),
                migrations.RenameField("SandboxLock", "condemned_by", "pending_action"),
                migrations.AlterField(
                    "SandboxLock", "pending_action",
                    models.ForeignKey(
                        "sandboxes.Action", django.db.models.deletion.SET_NULL, null=True, blank=True,
                        related_name="+", db_column="condemned_by_id",
                        help_text="The open action after whose start a DELETE or a pause may be on its way.",
                    ),
                ),
                migrations.RenameField("Sandbox", "guard", "lock"),
                migrations.AlterField(
                    "Sandbox", "lock",
                    models.ForeignKey(
                        "sandboxes.SandboxLock", django.db.models.deletion.PROTECT, related_name="sandboxes",
                        db_column="guard_id",
                    ),
                ),
            ]
        ),
    ]
