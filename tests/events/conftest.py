"""An account at a backend, and its events by the shortest way."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

SECRET = "s3cret"


@pytest.fixture
def account(transactional_db):
    """The account `prod` at a backend that does not exist."""
    from events.writing import house
    from sandboxes.models import Account, AccountHealth, Price

    house.forget()
    Price.objects.get_or_create(  # other tests empty the tables
        since=datetime(2023, 1, 1, tzinfo=UTC),
        defaults={"usd_per_vcpu_second": Decimal("0.000014"), "usd_per_gib_second": Decimal("0.0000045")},
    )
    made = Account.objects.create(
        name="prod", url="http://127.0.0.1:9/api", webhook_secret=SECRET, owner_keys=["owner"], environment_keys=["env"]
    )
    AccountHealth.objects.create(account=made)
    yield made
    house.forget()
