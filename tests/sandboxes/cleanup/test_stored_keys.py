"""Reaper and preview know which metadata keys an account stores: what is not stored is not missing."""

from datetime import timedelta

import pytest

from sandboxes.cleanup.reaper import facts
from sandboxes.cleanup.whatif import record
from sandboxes.models import Account
from tests.support import records

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("keys", "known"), [(None, None), (["tier"], frozenset({"tier"}))])
def test_facts_name_the_stored_keys(keys, known):
    box = records.sandbox()
    Account.objects.update(store_metadata_keys=keys)
    account = Account.objects.get()
    assert facts.fleet_of(account).known[box.pk].facts.stored_keys == known
    start, end = records.NOW - timedelta(hours=2), records.NOW
    assert [one.stored_keys for one in record.lives([account], start, end, with_moves=False)] == [known]
