"""Who may change anything at an account's backend, the brake over all policies together, one open act of policies."""

import django.db.models.deletion
from django.db import migrations, models

OPEN = {"actor_kind": "policy", "kind__in": ["kill", "pause"], "state__in": ["grace", "queued", "sent"]}
# Accounts that are watched already go on as they were.
AS_BEFORE = "UPDATE sandboxes_account SET actions = 'policies'"
SPELLED = "UPDATE sandboxes_account SET url = regexp_replace(url, '/+$', '')"
ONE_OPEN = """
    UPDATE sandboxes_action a SET state = 'cancelled', outcome = 'void: another policy acts on it', next_attempt_at = NULL
    FROM sandboxes_action older
    WHERE older.sandbox_id = a.sandbox_id AND older.id < a.id
      AND a.actor_kind = 'policy' AND a.kind IN ('kill', 'pause') AND a.state IN ('grace', 'queued')
      AND older.actor_kind = 'policy' AND older.kind IN ('kill', 'pause') AND older.state IN ('grace', 'queued', 'sent');
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0013_any_backends_facts")]
    operations = [
        migrations.AlterField(
            "action", "account",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="trail", to="sandboxes.account"
            ),
        ),
        migrations.AddField(
            "account", "actions",
            models.CharField(
                max_length=8, default="none",
                choices=[("none", "None"), ("people", "People"), ("policies", "Policies")],
                help_text=(
                    "Who may change anything at this backend: nobody, people and tokens, or enforcing policies too."
                ),
            ),
        ),
        migrations.RunSQL(AS_BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(SPELLED, migrations.RunSQL.noop),
        migrations.AddField(
            "account", "brake",
            models.JSONField(
                blank=True, null=True,
                help_text='{"per_hour", "per_day"}: the most acts of all policies together; empty for the default.',
            ),
        ),
        migrations.CreateModel(
            name="AccountBrake",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tripped_at", models.DateTimeField(blank=True, null=True)),
                ("why", models.TextField(blank=True, default="")),
                (
                    "counts_from",
                    models.DateTimeField(
                        blank=True, help_text="The last reset: acts before it do not count.", null=True
                    ),
                ),
                ("reset_by", models.CharField(blank=True, default="", max_length=200)),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="brake_state", to="sandboxes.account"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(ONE_OPEN, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "action",
            models.UniqueConstraint(
                fields=["sandbox"], name="one_open_act_of_policies", condition=models.Q(**OPEN)
            ),
        ),
        migrations.AddIndex(
            "action",
            models.Index(
                fields=["account", "-sent_at"], name="action_of_policies", condition=models.Q(actor_kind="policy")
            ),
        ),
    ]
