"""Limits, how each value stands against them, and invoices for one's own check; what people set joins the audit."""

from importlib import import_module

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


of_settings = import_module("sandboxes.migrations.0006_audit_of_settings")


def follow(_, schema_editor):
    of_settings.follow(schema_editor, "sandboxes_limit", ("limit", "name", "id", "", "accounts"))
    of_settings.follow(
        schema_editor, "sandboxes_invoiceentered",
        ("invoice", "month", "id,account_id,entered_at,entered_by", "", "account_id"),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('sandboxes', '0011_notifications'),
    ]

    operations = [
        migrations.CreateModel(
            name='Limit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('version', models.PositiveIntegerField(default=1, help_text="Counts changes; a policy's mark belongs to one.")),
                ('key', models.CharField(help_text='owner, environment, template, account or metadata.KEY.', max_length=210)),
                ('value', models.CharField(help_text='`*` for each value that has no limit of its own.', max_length=400)),
                ('accounts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, help_text='Keys of those counted together; null: each apart.', null=True, size=None)),
                ('max_running', models.PositiveIntegerField(blank=True, null=True)),
                ('usd_per_day', models.DecimalField(blank=True, decimal_places=6, max_digits=14, null=True)),
                ('usd_per_month', models.DecimalField(blank=True, decimal_places=6, max_digits=14, null=True)),
                ('warn_at_pct', models.PositiveSmallIntegerField(default=80, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)])),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='InvoiceEntered',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='Its first day, UTC.')),
                ('usd', models.DecimalField(decimal_places=2, max_digits=14)),
                ('entered_at', models.DateTimeField()),
                ('entered_by', models.CharField(max_length=200)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invoices', to='sandboxes.account')),
            ],
            options={
                'ordering': ['-month', 'account'],
                'constraints': [models.UniqueConstraint(fields=('account', 'month'), name='invoice_once')],
            },
        ),
        migrations.CreateModel(
            name='LimitState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.CharField(help_text="Of the limit's key.", max_length=400)),
                ('state', models.CharField(choices=[('ok', 'Ok'), ('warn', 'Warn'), ('over', 'Over')], max_length=4)),
                ('used_pct', models.FloatField(help_text='Of the maximum that is used most.')),
                ('since', models.DateTimeField(help_text='When this state began.')),
                ('at', models.DateTimeField(help_text='When it was judged last.')),
                ('running', models.PositiveIntegerField()),
                ('usd_today', models.DecimalField(decimal_places=6, max_digits=16)),
                ('usd_this_month', models.DecimalField(decimal_places=6, max_digits=16)),
                ('forecast_at', models.DateTimeField(null=True)),
                ('account', models.ForeignKey(help_text='Null where several count together.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='limit_states', to='sandboxes.account')),
                ('limit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='states', to='sandboxes.limit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('limit', 'value', 'account'), name='limit_state_once', nulls_distinct=False)],
            },
        ),
        migrations.RunPython(follow, migrations.RunPython.noop),
    ]
