"""What a new database ships with: the first price, and two policies that judge and do nothing."""

import importlib
from decimal import Decimal

import pytest
from django.apps import apps

from sandboxes.cleanup.policy_book import spec_of
from sandboxes.models import Policy, Price
from sandboxes.policies import as_dict

shipping = importlib.import_module("sandboxes.migrations.0001_squashed")


@pytest.mark.django_db
def test_the_migration_ships_a_price_and_two_dry_runs_that_can_be_read():
    Policy.objects.all().delete()  # other tests may have emptied the tables or not
    Price.objects.all().delete()
    shipping.ship(apps, None)
    specs = [spec_of(policy) for policy in Policy.objects.order_by("id")]
    assert [(spec.enabled, spec.mode, spec.action) for spec in specs] == [(True, "dry_run", "kill")] * 2
    conditions = [as_dict(spec)["orphan_when"] for spec in specs]
    assert conditions == [{"past_end_seconds": 600}, {"older_than_seconds": 86_400}]
    price = Price.objects.get()
    assert (price.usd_per_vcpu_second, price.usd_per_gib_second) == (Decimal("0.000014"), Decimal("0.0000045"))
