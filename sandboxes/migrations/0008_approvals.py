"""What waits for a second person, and bulk requests that are held for one."""

from importlib import import_module

import django.contrib.postgres.fields
from django.db import migrations, models

of_settings = import_module("sandboxes.migrations.0006_audit_of_settings")
FOLLOWED = ("approval", "summary", "id,asked_kind,asked_by,person,asked_at,expires_at,accounts,wanted", "", "accounts")


def forwards(_, schema_editor):
    of_settings.follow(schema_editor, "sandboxes_approval", FOLLOWED)


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0007_audit_of_settings_index")]
    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("bulk", "Bulk"), ("enforce", "Enforce"), ("brake", "Brake"), ("unfreeze", "Unfreeze"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"), ("approved", "Approved"), ("rejected", "Rejected"),
                            ("expired", "Expired"), ("void", "Void"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("asked_kind", models.CharField(help_text="user or token.", max_length=8)),
                ("asked_by", models.CharField(max_length=200)),
                (
                    "person",
                    models.BigIntegerField(
                        help_text="Key of the person behind it; null for a token of nobody's.", null=True
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "accounts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="Keys of those concerned; null for all.",
                        null=True,
                        size=None,
                    ),
                ),
                ("summary", models.CharField(max_length=300)),
                ("wanted", models.JSONField(help_text="What is done once it is approved, by kind.")),
                ("decided_by", models.CharField(blank=True, default="", max_length=200)),
                ("decided_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(blank=True, default="", max_length=300)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["expires_at"], name="approval_waiting"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="bulkrequest",
            name="held",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Until a second person has approved it."
            ),
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
