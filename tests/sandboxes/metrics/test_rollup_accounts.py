"""Minutes and hours of several accounts: one whose figures can't be written hinders no other, and says so."""

from datetime import timedelta

import pytest
from django.db import connection

from sandboxes.metrics.series import compact_all
from sandboxes.models import AccountHealth, FleetMinute, FleetTen
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
TABLES: dict[str, type[FleetMinute] | type[FleetTen]] = {"of minutes": FleetMinute, "of hours": FleetTen}


def rolls_up():
    compact_all(NOW + timedelta(hours=2))


def breaks(table, account):
    """From now on the database refuses this account's rows of a table, as a value out of range would be."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF NEW.account_id = {account.pk} THEN RAISE numeric_value_out_of_range; END IF; "
            "RETURN NEW; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuses BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
        )


@pytest.mark.parametrize("unit", TABLES)
def test_account_that_cannot_be_rolled_up_hinders_no_other(unit):
    accounts = [records.account(name) for name in ("one", "two", "three")]
    for account in accounts:
        box = records.sandbox(f"i{account.name}", of=account)
        records.frame({box.pk: Reading(10.0)}, at=NOW, of=account)
    model = TABLES[unit]
    breaks(model._meta.db_table, accounts[1])
    rolls_up()

    there = set(model.objects.values_list("account__name", flat=True))
    assert there == {"one", "three"}
    stored = AccountHealth.objects.get(account=accounts[1]).round_errors
    assert list(stored) == [f"rollup {unit}"]
    assert stored[f"rollup {unit}"]["error"].startswith("DataError: ")

    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER refuses ON {model._meta.db_table}")
    rolls_up()
    assert set(model.objects.values_list("account__name", flat=True)) == {"one", "two", "three"}
    assert AccountHealth.objects.get(account=accounts[1]).round_errors == {}
