"""People, their roles and API tokens join the audit of settings."""

from importlib import import_module

from django.db import migrations

of_settings = import_module("sandboxes.migrations.0006_audit_of_settings")
FOLLOWED = {
    "auth_user": ("person", "username", "id,last_login,date_joined,first_name,last_name", "password", ""),
    "dashboard_member": ("role", "user_id", "id,user_id,invited_by,invited_until,last_seen_at", "invitation", "accounts"),
    "dashboard_apitoken": ("token", "name", "id,created_at,made_by_id,last_used_at", "digest", "accounts"),
}


def forwards(_, schema_editor):
    for table, arguments in FOLLOWED.items():
        of_settings.follow(schema_editor, table, arguments)


def backwards(_, schema_editor):
    for table in FOLLOWED:
        of_settings.leave(schema_editor, table)


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0002_roles"), ("sandboxes", "0006_audit_of_settings")]
    operations = [migrations.RunPython(forwards, backwards)]
