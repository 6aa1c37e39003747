"""Channels, what is told on them, and what became of it; changes of channels join the audit of settings."""

from importlib import import_module

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.db import migrations, models


of_settings = import_module("sandboxes.migrations.0006_audit_of_settings")


def follow(_, schema_editor):
    of_settings.follow(schema_editor, "sandboxes_channel", ("channel", "name", "id,url_at,created_at", "url,secret", ""))


class Migration(migrations.Migration):

    dependencies = [
        ('sandboxes', '0010_account_price'),
    ]

    operations = [
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('kind', models.CharField(choices=[('email', 'Email'), ('slack', 'Slack'), ('pagerduty', 'Pagerduty'), ('webhook', 'Webhook'), ('apprise', 'Apprise')], max_length=12)),
                ('url', models.TextField(blank=True, default='', help_text='The address, which may itself be the secret.')),
                ('secret', models.TextField(blank=True, default='', help_text="PagerDuty's integration key, a webhook's secret.")),
                ('url_at', models.DateTimeField(blank=True, editable=False, help_text='When the address was set.', null=True)),
                ('destination', models.CharField(editable=False, help_text='The address, masked.', max_length=200)),
                ('min_severity', models.CharField(choices=[('info', 'Info'), ('warning', 'Warning'), ('critical', 'Critical')], default='info', max_length=8)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), default=list, size=None)),
                ('allow_private', models.BooleanField(default=False, help_text='Addresses of private networks, this machine too.')),
                ('enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='HappeningsMark',
            fields=[
                ('kind', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('number', models.BigIntegerField(help_text='Number of the last entry that was looked at.')),
            ],
        ),
        migrations.CreateModel(
            name='ChannelState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('leased_by', models.UUIDField(null=True)),
                ('leased_until', models.DateTimeField(null=True)),
                ('last_sent_at', models.DateTimeField(null=True)),
                ('ms', models.PositiveIntegerField(help_text='How long the last message took.', null=True)),
                ('failing_since', models.DateTimeField(help_text='The first failure since the last message that arrived.', null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('channel', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='sending', to='sandboxes.channel')),
            ],
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('type', models.CharField(help_text='alert.firing, alert.resolved, orphan.marked …', max_length=32)),
                ('subject', models.CharField(max_length=200)),
                ('severity', models.CharField(choices=[('info', 'Info'), ('warning', 'Warning'), ('critical', 'Critical')], max_length=8)),
                ('cause', models.TextField(blank=True, default='', help_text='What is alike in this is one cause, told once.')),
                ('created_at', models.DateTimeField()),
                ('data', models.JSONField(help_text='What a webhook receives.')),
                ('account', models.ForeignKey(help_text='Null: several, or none.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sandboxes.account')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel_name', models.CharField(help_text='Stays when the channel is removed.', max_length=100)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed'), ('suppressed', 'Suppressed')], max_length=12)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(null=True)),
                ('held', models.BooleanField(default=False, help_text='Waits for a digest.')),
                ('digest', models.UUIDField(help_text='The message that it is one line of.', null=True)),
                ('at', models.DateTimeField(help_text='When it arrived, else the last try.', null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('answer', models.TextField(blank=True, default='', help_text='What the other side answered; bounded and masked.')),
                ('ms', models.PositiveIntegerField(null=True)),
                ('channel', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='sandboxes.channel')),
                ('notification', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='sandboxes.notification')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
            },
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(fields=['subject', 'type'], name='notification_by_subject'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(fields=['created_at'], name='notification_by_time'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['channel', 'id'], name='delivery_waiting'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['channel', '-id'], name='delivery_by_channel'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('notification', 'channel'), name='delivery_once_on_a_channel'),
        ),
        migrations.RunPython(follow, migrations.RunPython.noop),
    ]
