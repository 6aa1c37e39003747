"""The first price (E2B's docs, August 2026) and the two policies that ship, both dry runs."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import migrations

MATCH = {"accounts": [], "states": ["running"], "templates": [], "metadata": {}}
POLICIES = [
    {"name": "Past its end by 10 minutes", "orphan_when": {"past_end_seconds": 600}},
    {"name": "Running longer than 24 hours", "orphan_when": {"older_than_seconds": 86_400}},
]


def ship(apps, schema_editor):
    apps.get_model("sandboxes", "Price").objects.create(
        since=datetime(2023, 1, 1, tzinfo=UTC),
        usd_per_vcpu_second=Decimal("0.000014"),
        usd_per_gib_second=Decimal("0.0000045"),
    )
    policy = apps.get_model("sandboxes", "Policy")
    for values in POLICIES:
        policy.objects.create(enabled=True, mode="dry_run", action="kill", match=MATCH, **values)


def take_back(apps, schema_editor):
    apps.get_model("sandboxes", "Price").objects.all().delete()
    apps.get_model("sandboxes", "Policy").objects.filter(name__in=[p["name"] for p in POLICIES]).delete()


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0001_initial")]
    operations = [migrations.RunPython(ship, take_back)]
