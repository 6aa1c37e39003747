"""Alert rules, alerts, silences and routes; and the rules that ship."""

from importlib import import_module

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

of_settings = import_module("sandboxes.migrations.0006_audit_of_settings")
FOLLOWED = {
    "sandboxes_alertrule": ("alert rule", "name", "id,records_until,error,shipped", "", "match"),
    "sandboxes_silence": ("silence", "reason", "id,since", "", "accounts"),
    "sandboxes_alertroutes": ("alert routes", "id", "id", "", ""),
}
# Name, kind, its fields, severity, for_seconds, group_by.
SHIPPED = [
    ("Account can't be read", "unreadable", {}, "critical", 60, ["account"]),
    ("Not polled", "late", {"seconds": 120}, "critical", 60, ["account"]),
    ("Safety stop tripped", "breaker", {}, "critical", 0, ["policy", "account"]),
    ("Action failed", "action_failed", {}, "warning", 0, ["account"]),
    ("Killed and came back", "came_back", {}, "critical", 0, ["account"]),
    ("Notifications fail", "channel_failed", {}, "critical", 60, ["channel"]),
    ("Our disk is filling up", "disk_full", {"within_days": 3}, "critical", 60, []),
    ("Cap at 80 %", "running", {"above_pct_of_cap": 80}, "warning", 60, ["account"]),
    ("Webhooks silent", "webhook_silent", {}, "warning", 60, ["account"]),
    ("Memory nearly full", "usage", {"metric": "mem_pct", "above": 95}, "warning", 120, ["template"]),
    ("Disk nearly full", "usage", {"metric": "disk_pct", "above": 90}, "warning", 120, ["template"]),
]


def ship(apps, schema_editor):
    rules = apps.get_model("sandboxes", "AlertRule")
    for name, kind, given, severity, for_seconds, group_by in SHIPPED:
        rules.objects.create(
            name=name, kind=kind, given=given, severity=severity, for_seconds=for_seconds, group_by=group_by,
            match={"accounts": []}, shipped=True,
        )


def follow(_, schema_editor):
    for table, given in FOLLOWED.items():
        of_settings.follow(schema_editor, table, given)


class Migration(migrations.Migration):

    dependencies = [
        ('sandboxes', '0012_limits'),
    ]

    operations = [
        migrations.CreateModel(
            name='AlertClock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField(help_text='Our start: for 15 minutes from then on alerts are only recorded.')),
                ('judged_at', models.DateTimeField(null=True)),
                ('seconds', models.FloatField(help_text='Processor time of the last round.', null=True)),
                ('disk_free', models.JSONField(default=list, help_text='[[ISO 8601 hour, bytes free]], of the last 14 days.')),
            ],
        ),
        migrations.CreateModel(
            name='AlertRoutes',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('routes', models.JSONField(default=dict)),
            ],
            options={
                'verbose_name_plural': 'alert routes',
            },
        ),
        migrations.CreateModel(
            name='AlertRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('kind', models.CharField(max_length=24)),
                ('given', models.JSONField(blank=True, default=dict, help_text='The fields that its kind takes.')),
                ('enabled', models.BooleanField(default=True)),
                ('for_seconds', models.PositiveIntegerField(default=60)),
                ('resolve_at', models.FloatField(blank=True, null=True)),
                ('severity', models.CharField(choices=[('info', 'Info'), ('warning', 'Warning'), ('critical', 'Critical')], default='warning', max_length=8)),
                ('group_by', models.JSONField(blank=True, default=list)),
                ('match', models.JSONField(blank=True, default=dict, help_text='{"accounts": [names]}; none for all.')),
                ('channels', models.JSONField(blank=True, default=list, help_text='Names.')),
                ('route_by', models.CharField(blank=True, max_length=200, null=True)),
                ('repeat_seconds', models.PositiveIntegerField(default=14400)),
                ('quiet_hours', models.JSONField(blank=True, default=list)),
                ('shipped', models.BooleanField(default=False, editable=False, help_text='Came with Sandwarden.')),
                ('records_until', models.DateTimeField(blank=True, editable=False, help_text='Until then it only records: it is new, or was changed.', null=True)),
                ('error', models.TextField(blank=True, default='', editable=False, help_text='Why the last judgement failed.')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Silence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('match', models.JSONField(help_text='As in the REST contract; all that is given must hold.')),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('reason', models.TextField()),
                ('made_by', models.CharField(max_length=200)),
                ('ended_by', models.CharField(blank=True, default='', help_text='Who ended it before its time.', max_length=200)),
                ('accounts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), help_text='Keys of the accounts whose alerts it silences; null for all.', null=True, size=None)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.AddField(
            model_name='accounthealth',
            name='webhook_silent_since',
            field=models.DateTimeField(help_text='Since when events come and no delivery does, though the webhook is on.', null=True),
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule_name', models.CharField(help_text='Stays when the rule is deleted.', max_length=100)),
                ('kind', models.CharField(max_length=24)),
                ('severity', models.CharField(choices=[('info', 'Info'), ('warning', 'Warning'), ('critical', 'Critical')], max_length=8)),
                ('state', models.CharField(choices=[('firing', 'Firing'), ('acknowledged', 'Acknowledged'), ('resolved', 'Resolved')], default='firing', max_length=12)),
                ('group', models.JSONField(default=dict, help_text='What it is told apart by; none for one over everything.')),
                ('group_key', models.TextField()),
                ('accounts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, help_text='Keys of those that it concerns.', size=None)),
                ('value', models.FloatField()),
                ('peak', models.FloatField(help_text='The value that lay furthest beyond the limit.')),
                ('threshold', models.FloatField(null=True)),
                ('count', models.PositiveIntegerField(default=0, help_text='Sandboxes beyond the limit.')),
                ('examples', models.JSONField(default=list, help_text='IDs of ten of them at most.')),
                ('usd_per_hour', models.FloatField(default=0, help_text='What those beyond the limit cost.')),
                ('told', models.JSONField(default=dict, help_text='What its sentence names besides.')),
                ('started_at', models.DateTimeField(help_text='When its figure was first beyond the limit.')),
                ('fired_at', models.DateTimeField()),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('acknowledged_by', models.CharField(blank=True, default='', max_length=200)),
                ('note', models.TextField(blank=True, default='')),
                ('records_until', models.DateTimeField(help_text='Until then it is only recorded.', null=True)),
                ('held_back', models.CharField(blank=True, default='', help_text='Why nobody was told of it last.', max_length=16)),
                ('told_at', models.DateTimeField(blank=True, help_text='When its firing was told last.', null=True)),
                ('over_told', models.BooleanField(default=False)),
                ('seen_at', models.DateTimeField(help_text='The last judgement that knew its figure.')),
                ('rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='alerts', to='sandboxes.alertrule')),
                ('silence', models.ForeignKey(blank=True, help_text='What silences it now, or did when it was resolved.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='alerts', to='sandboxes.silence')),
            ],
        ),
        migrations.CreateModel(
            name='AlertWatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group_key', models.TextField()),
                ('since', models.DateTimeField()),
                ('judged_at', models.DateTimeField()),
                ('over_seconds', models.FloatField(default=0)),
                ('clear_seconds', models.FloatField(null=True)),
                ('known', models.BooleanField(default=True)),
                ('accounts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('alert', models.ForeignKey(help_text='Once it fires.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='watches', to='sandboxes.alert')),
                ('rule', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='watches', to='sandboxes.alertrule')),
            ],
            options={
                'verbose_name_plural': 'alert watches',
                'constraints': [models.UniqueConstraint(fields=('rule', 'group_key'), name='alert_watch_once')],
            },
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['-fired_at'], name='alert_by_time'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['rule', '-fired_at'], name='alert_by_rule'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.UniqueConstraint(condition=models.Q(('resolved_at', None)), fields=('rule', 'group_key'), name='alert_open_once'),
        ),
        migrations.RunPython(ship, migrations.RunPython.noop),
        migrations.RunPython(follow, migrations.RunPython.noop),
    ]
