"""The record of events and deliveries, as it was when the first version was released."""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Verbatim(models.JSONField):
    """PostgreSQL's `json`, which keeps the spelling."""

    def db_type(self, connection):
        return "json"

    def deconstruct(self):
        name, _, words, options = super().deconstruct()
        return name, "django.db.models.JSONField", words, options


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('events', '0001_initial'),
        ('events', '0002_arrivals_by_block'),
        ('events', '0003_events_as_spelled'),
        ('events', '0004_long_ids_and_doubtful_clocks'),
    ]

    dependencies = [
        ('sandboxes', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReconcileMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('complete_to', models.DateTimeField(help_text='Every event up to here has been read.', null=True)),
                ('oldest_at', models.DateTimeField(help_text='How far back the backend keeps events, as found.', null=True)),
                ('late_seconds', models.FloatField(default=0, help_text="How late the backend's events have come at most.")),
                ('backlog_offset', models.PositiveIntegerField(help_text='Where a reading that ran out of its budget goes on; null when none did.', null=True)),
                ('backlog_newest', models.DateTimeField(help_text='The newest event when that reading began.', null=True)),
                ('one_page_since', models.DateTimeField(help_text='When every offset gave the same events: only the newest page is asked for.', null=True)),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='reconcile_mark', to='sandboxes.account')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('refused', 'Refused'), ('parked', 'Parked'), ('replayed', 'Replayed')], max_length=8)),
                ('reason', models.TextField()),
                ('event_id', models.CharField(blank=True, default='', max_length=64)),
                ('source', models.CharField(default='webhook', help_text="What brought it, as an event's.", max_length=9)),
                ('received_at', models.DateTimeField()),
                ('headers', models.JSONField(default=dict)),
                ('body', models.BinaryField()),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='sandboxes.account')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'indexes': [models.Index(fields=['state', '-received_at'], name='delivery_by_state'), models.Index(fields=['account', 'event_id'], name='delivery_by_event')],
            },
        ),
        migrations.CreateModel(
            name='LifecycleEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.UUIDField()),
                ('type', models.CharField(max_length=128)),
                ('sandbox_id', models.CharField(max_length=320)),
                ('execution_id', models.CharField(blank=True, max_length=128, null=True)),
                ('template_id', models.CharField(blank=True, default='', max_length=128)),
                ('timestamp', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('source', models.CharField(choices=[('webhook', 'Webhook'), ('reconcile', 'Reconcile'), ('observed', 'Observed')], help_text='What brought it first.', max_length=9)),
                ('webhook_at', models.DateTimeField(blank=True, help_text='First delivery.', null=True)),
                ('reconcile_at', models.DateTimeField(blank=True, help_text="First seen in E2B's events API.", null=True)),
                ('superseded', models.BooleanField(default=False, help_text='An observed one whose real event came.')),
                ('data', models.JSONField(blank=True, null=True)),
                ('raw', Verbatim(help_text='The whole event as it came: nothing that E2B told us is dropped.')),
                ('folded_at', models.DateTimeField(blank=True, help_text="The time it counts as of, where its own lies ahead of the backend's clock.", null=True)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='sandboxes.account')),
            ],
            options={
                'indexes': [models.Index(fields=['-timestamp', '-id'], name='event_by_time'), models.Index(fields=['sandbox_id', '-timestamp'], name='event_by_sandbox'), models.Index(condition=models.Q(('source', 'reconcile')), fields=['account', '-timestamp'], name='event_reconciled'), django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['received_at'], name='event_by_arrival')],
                'constraints': [models.UniqueConstraint(fields=('account', 'event_id'), name='event_once')],
            },
        ),
    ]
