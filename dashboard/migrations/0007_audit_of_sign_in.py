"""Second factors, logins at a provider, and the rules of signing in join the audit of settings."""

from importlib import import_module

from django.db import migrations

of_settings = import_module("sandboxes.migrations.0006_audit_of_settings")
FOLLOWED = {
    "mfa_authenticator": ("second factor", "user_id", "id,user_id,created_at,last_used_at,data", "", ""),
    "socialaccount_socialaccount": (
        "single sign-on", "user_id", "id,user_id,last_login,date_joined,extra_data", "", "",
    ),
    "dashboard_signinrules": ("sign-in rules", "id", "id", "", ""),
    "dashboard_signinprovider": ("sign-in provider", "name", "id", "client_secret", ""),
}  # fmt: skip


def forwards(_, schema_editor):
    for table, arguments in FOLLOWED.items():
        of_settings.follow(schema_editor, table, arguments)


def backwards(_, schema_editor):
    for table in FOLLOWED:
        of_settings.leave(schema_editor, table)


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0006_sign_in_provider"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]
