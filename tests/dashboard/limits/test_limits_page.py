"""The Limits page: who is over, what comes, and the form that says what is wrong where it is."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from sandboxes.limits import book
from sandboxes.limits.spec import LimitSpec
from sandboxes.models import Limit, Policy, Price
from tests.support import records
from tests.support.records import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("static_files", "mailbox")]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_noon(db: None) -> Any:
    Price.objects.all().delete()
    records.price()
    records.account()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def anna() -> Client:
    return signed_in("anna", "admin")


def signed_in(name: str, role: str, accounts: list[int] | None = None) -> Client:
    client = Client()
    client.force_login(records.member(name, role, accounts))
    return client


def ran(owner: str, hours: float = 1, **fields: Any) -> None:
    box = records.sandbox(owner=owner, started_at=NOW - hours * HOUR, burn_usd_per_hour="0.1089", **fields)
    box.executions.create(key="run", started_at=NOW - hours * HOUR)


def limited(name: str = "x", **fields: Any) -> Limit:
    given: dict[str, Any] = {"name": name, "key": "owner", "value": "*", "max_running": 1} | fields
    return book.write(LimitSpec(**given))


def text_of(client: Client, address: str = "/limits/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_without_limits_it_says_who_uses_most_and_fills_in_a_first_one(anna: Client) -> None:
    assert "how many sandboxes may run at once" in text_of(anna)
    ran("bob")
    ran("ada", 9)
    ran("ada", 9)
    page = text_of(anna)
    assert "No limits yet." in page
    assert "uses the most: 2 at once, $1.96 today" in page
    filled = anna.get("/limits/new/?" + page.partition("/limits/new/?")[2].partition('"')[0].replace("&amp;", "&"))
    assert 'name="max_running" value="3"' in " ".join(filled.content.decode().split())


def test_it_says_who_is_over_who_is_near_and_when_a_budget_ends(anna: Client) -> None:
    for owner in ("ada", "ada", "bob"):
        ran(owner, 2)
    ran("eve", 2)
    limited()
    limited("eve", value="eve", max_running=None, usd_per_day="0.5445")
    page = text_of(anna)
    assert "2 of 1" in re.sub(r"<[^>]+>", "", page)
    assert "200.0%" in page
    assert "day’s budget at 15:00" in page
    assert "<b>eve at 15:00 UTC</b>" in page
    over, near = text_of(anna, "/limits/?show=over"), text_of(anna, "/limits/?show=near")
    assert 'title="ada"' in over
    assert 'title="bob"' not in over
    assert 'title="ada"' not in near
    assert 'title="bob"' in near


def test_a_row_unfolds_into_its_day_its_parts_and_what_follows(anna: Client) -> None:
    ran("ada", 2, template_id="t1", template_name="desktop")
    ran("ada", 1, template_id="t2")
    ran("bob", 1, template_id="t9")
    limit = limited(usd_per_day=1)
    Policy.objects.create(name="too many", action="pause", enabled=True, orphan_when={"over_limit": "x"})
    address = f"/limits/{limit.pk}/unfolded/?value=ada&of={records.account().pk}"
    page = text_of(anna, address)
    assert "desktop" in page
    assert "$0.218" in page
    assert "t9" not in page
    assert "too many" in page
    assert "a dry run for now" in page
    assert anna.get(address.replace("ada", "nobody")).status_code == 404


def test_a_limit_is_made_changed_and_deleted(anna: Client) -> None:
    typed = {"name": "Each", "key": "owner", "value": "*", "max_running": "24", "usd_per_day": "$1,040.50",
             "warn_at_pct": "70%"}  # fmt: skip
    assert anna.post("/limits/new/", typed).status_code == 302
    limit = Limit.objects.get()
    assert (limit.name, limit.max_running, str(limit.usd_per_day), limit.warn_at_pct) == ("Each", 24, "1040.500000", 70)
    assert "Limit Each saved" in text_of(anna)
    address = f"/limits/{limit.pk}/"
    assert 'value="1040.5"' in text_of(anna, address)
    assert anna.post(address, typed | {"max_running": "25", "usd_per_day": ""}).status_code == 302
    limit.refresh_from_db()
    assert (limit.max_running, limit.usd_per_day, limit.version) == (25, None, 2)
    assert anna.post(f"{address}delete/").status_code == 302
    assert not Limit.objects.exists()


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"max_running": ""}, "", "Give at least one maximum"),
        ({"max_running": "many"}, "max_running", "isn’t a whole number"),
        ({"max_running": "0"}, "max_running", "At least 1"),
        ({"usd_per_day": "ten"}, "usd_per_day", "isn’t an amount of dollars"),
        ({"usd_per_month": "-4"}, "usd_per_month", "“A month” must lie between"),
        ({"name": ""}, "name", "It can’t be empty"),
        ({"warn_at_pct": "101"}, "warn_at_pct", "At most 100"),
        ({"accounts": "nowhere"}, "accounts", "no account named"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_and_nothing_is_lost(
    anna: Client, change: dict[str, str], field: str, why: str
) -> None:
    typed = {"name": "Each", "key": "owner", "value": "my value", "max_running": "24", "warn_at_pct": "80"}
    answer = anna.post("/limits/new/", typed | change)
    page = " ".join(answer.content.decode().split())
    assert (answer.status_code, why in page) == (422, True), page
    assert 'value="my value"' in page
    if field:
        assert why in page.partition(f'id="w-{field}"')[2]
    assert not Limit.objects.exists()


def test_a_limit_that_a_policy_names_is_not_deleted_and_says_why(anna: Client) -> None:
    limit = limited()
    Policy.objects.create(name="p", orphan_when={"over_limit": "x"})
    answer = anna.post(f"/limits/{limit.pk}/delete/")
    assert answer.status_code == 422
    assert "the policy &#x27;p&#x27; names it" in answer.content.decode()
    assert Limit.objects.exists()


def test_who_is_no_admin_looks_and_changes_nothing(anna: Client) -> None:
    ran("ada")
    limit = limited()
    viewer = signed_in("vera", "viewer")
    assert "New limit" not in text_of(viewer)
    assert "Read-only" in text_of(viewer, f"/limits/{limit.pk}/")
    for address in ("/limits/new/", f"/limits/{limit.pk}/", f"/limits/{limit.pk}/delete/"):
        assert viewer.post(address, {"name": "y"}).status_code == 403
    assert Limit.objects.get().name == "x"


def test_a_hidden_account_is_on_no_page_of_it() -> None:
    second = records.account("second")
    ran("ada")
    ran("secretive", of=second)
    both, theirs = limited("both", accounts=("default", "second")), limited("theirs", accounts=("second",))
    narrow = signed_in("nina", "admin", [records.account().pk])
    row = f"/limits/{both.pk}/unfolded/?value=ada&of={records.account().pk}"
    for page in (text_of(narrow), text_of(narrow, f"/limits/{both.pk}/"), text_of(narrow, row)):
        assert "secretive" not in page
        assert "second<" not in page
        assert "theirs" not in page
    assert narrow.get(f"/limits/{theirs.pk}/").status_code == 404
    assert narrow.post(f"/limits/{both.pk}/", {"name": "mine"}).status_code == 403
    assert narrow.post(f"/limits/{both.pk}/delete/").status_code == 403
    assert Limit.objects.count() == 2
