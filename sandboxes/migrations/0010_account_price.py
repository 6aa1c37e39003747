"""Prices of an account's own, and the view that gives the price of each account at each moment."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

# The general price up to an account's first own one, its own from then on. Every moment of every account has one row.
ACCOUNT_PRICE_SPAN = """
CREATE VIEW sandboxes_account_price_span AS
SELECT a.id AS account_id, p.since, least(p.until, own.first) AS until, p.usd_per_vcpu_second, p.usd_per_gib_second
FROM sandboxes_account a CROSS JOIN sandboxes_price_span p
LEFT JOIN LATERAL (SELECT min(o.since) AS first FROM sandboxes_accountprice o WHERE o.account_id = a.id) own ON true
WHERE own.first IS NULL OR p.since < own.first
UNION ALL
SELECT account_id, since, coalesce(lead(since) OVER (PARTITION BY account_id ORDER BY since), 'infinity'),
       usd_per_vcpu_second, usd_per_gib_second
FROM sandboxes_accountprice"""

of_settings = import_module("sandboxes.migrations.0006_audit_of_settings")


def follow(_, schema_editor):
    of_settings.follow(schema_editor, "sandboxes_accountprice", ("price", "since", "id,account_id", "", "account_id"))


class Migration(migrations.Migration):

    dependencies = [
        ('sandboxes', '0009_account_deletion'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField()),
                ('usd_per_vcpu_second', models.DecimalField(decimal_places=10, max_digits=14)),
                ('usd_per_gib_second', models.DecimalField(decimal_places=10, max_digits=14)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='sandboxes.account')),
            ],
            options={
                'ordering': ['account', 'since'],
                'constraints': [models.UniqueConstraint(fields=('account', 'since'), name='account_price_once')],
            },
        ),
        migrations.RunSQL(ACCOUNT_PRICE_SPAN, "DROP VIEW sandboxes_account_price_span"),
        migrations.RunPython(follow, migrations.RunPython.noop),
    ]
