"""`/limits` in the shape of the contract: written strictly, figures as `/cost` has them, nothing of hidden accounts."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from sandboxes.models import AuditEntry, Limit, Policy, Price
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db
FIELDS = {
    "limit", "key", "value", "account", "running", "max_running", "usd_today", "usd_per_day", "usd_this_month",
    "usd_per_month", "used_pct", "state", "since", "forecast_at",
}  # fmt: skip
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_noon(db: None) -> Any:
    Price.objects.all().delete()
    records.price()
    with time_machine.travel(NOW, tick=False):
        yield


def ran(owner: str | None, since: Any, until: Any = None, **fields: Any) -> Any:
    """A sandbox that ran from `since` to `until`, or still does."""
    state = {"state": "running", "burn_usd_per_hour": "0.1089"} if until is None else {"state": "ended"}
    box = records.sandbox(owner=owner, started_at=since, ended_at=until, **(state | fields))
    box.executions.create(key="run", started_at=since, ended_at=until)
    return box


def test_a_limit_is_written_read_changed_and_deleted(call: Any) -> None:
    given = {"name": "Each owner", "key": "owner", "value": "*", "max_running": 24, "usd_per_day": 40.5}
    made = call("POST", "/limits", given)
    whole = given | {"accounts": [], "usd_per_month": None, "warn_at_pct": 80}
    assert (made.status_code, made.data) == (201, whole)
    assert call("POST", "/limits", given).status_code == 409
    assert call("GET", "/limits/Each%20owner").data == whole
    assert call("GET", "/limits").data == {"items": [whole], "next": None, "total": 1}
    changed = call("PUT", "/limits/Each%20owner", given | {"warn_at_pct": 50, "usd_per_day": None})
    assert changed.data == whole | {"warn_at_pct": 50, "usd_per_day": None}
    assert call("DELETE", "/limits/Each%20owner").status_code == 204
    assert call("GET", "/limits/Each%20owner").status_code == 404


def test_a_list_goes_on_where_it_ended(call: Any) -> None:
    for name in ("a", "b", "c"):
        call("POST", "/limits", {"name": name, "key": "owner", "value": name, "max_running": 1})
    first = call("GET", "/limits", limit=2).data
    rest = call("GET", "/limits", limit=2, cursor=first["next"]).data
    assert [one["name"] for one in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert (first["total"], rest["next"]) == (3, None)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"max_running": None}, "at least one of max_running"),
        ({"max_running": 0}, "max_running"),
        ({"usd_per_day": -1}, "usd_per_day must lie between"),
        ({"usd_per_day": 0.0000001}, "usd_per_day must lie between"),
        ({"usd_per_month": 1.2345678}, "more than six decimals"),
        ({"warn_at_pct": 101}, "warn_at_pct"),
        ({"key": "sandbox"}, "key must be one of"),
        ({"key": "metadata."}, "key must be one of"),
        ({"value": ""}, "value"),
        ({"name": " x"}, "begins or ends with a space"),
        ({"name": "a/b"}, "address"),
        ({"name": "status"}, "address"),
        ({"accounts": ["nowhere"]}, "no account named 'nowhere'"),
        ({"permits": 3}, "unknown field"),
    ],
)
def test_what_can_t_be_meant_is_refused_and_changes_nothing(call: Any, change: dict[str, Any], why: str) -> None:
    given = {"name": "x", "key": "owner", "value": "*", "max_running": 1}
    answer = call("POST", "/limits", given | change)
    assert (answer.status_code, answer.data["code"]) == (400, "bad_request")
    assert why in answer.data["message"]
    assert not Limit.objects.exists()


def test_status_has_every_field_and_tells_who_is_over(call: Any) -> None:
    for hours in (1, 2, 3):
        ran("ada", NOW - hours * HOUR)
    ran("bob", NOW - HOUR)
    ran(None, NOW - HOUR)
    call("POST", "/limits", {"name": "two", "key": "owner", "value": "*", "max_running": 2, "warn_at_pct": 40})
    items = call("GET", "/limits/status").data["items"]
    assert all(set(item) == FIELDS for item in items)
    assert [(item["value"], item["account"], item["running"], item["used_pct"], item["state"]) for item in items] == [
        ("ada", "default", 3, 150, "over"), ("bob", "default", 1, 50, "warn"),
    ]  # fmt: skip
    assert [item["value"] for item in call("GET", "/limits/status", over="true").data["items"]] == ["ada"]


def test_exactly_at_the_maximum_nobody_is_over(call: Any) -> None:
    ran("ada", NOW - HOUR)
    call("POST", "/limits", {"name": "one", "key": "owner", "value": "*", "max_running": 1})
    assert call("GET", "/limits/status").data["items"][0]["state"] == "warn"


@pytest.mark.parametrize("key", ["owner", "environment", "template", "account", "metadata.team"])
def test_money_is_that_of_cost_for_the_same_spans(call: Any, key: str) -> None:
    for number in range(6):
        began = NOW - timedelta(days=number * 5, hours=number, minutes=7 * number + 1)
        for hours in (2, 30, 400):
            until = began + hours * HOUR
            ran(f"o{number % 2}", began, None if until > NOW else until, environment=f"e{number % 3}",
                template_id=f"t{number % 2}", metadata={"team": f"m{number % 2}"})  # fmt: skip
    Price.objects.create(since=NOW - timedelta(days=3), usd_per_vcpu_second="0.000021", usd_per_gib_second="0.000007")
    call("POST", "/limits", {"name": "all", "key": key, "value": "*", "usd_per_day": 1000})
    items = json.loads(call("GET", "/limits/status").content, parse_float=Decimal)["items"]
    for field, start in (("usd_today", "2026-08-21T00:00:00Z"), ("usd_this_month", "2026-08-01T00:00:00Z")):
        asked = call("GET", "/cost", start=start, end=NOW.isoformat(), group_by=key)
        cost = {one["group"]: one["cost_usd"] for one in json.loads(asked.content, parse_float=Decimal)["items"]}
        shown = {item["value"]: item[field] for item in items if item[field]}
        assert shown.keys() == cost.keys()
        assert all(abs(shown[value] - cost[value]) <= Decimal("0.000001") for value in cost)


def test_a_named_value_beats_the_common_one(call: Any) -> None:
    ran("ada", NOW - HOUR)
    ran("bob", NOW - HOUR)
    for value, most in (("*", 1), ("ada", 10)):
        call("POST", "/limits", {"name": f"of {value}", "key": "owner", "value": value, "max_running": most})
    told = {item["value"]: item["limit"] for item in call("GET", "/limits/status").data["items"]}
    assert told == {"ada": "of ada", "bob": "of *"}


def test_a_named_value_beats_the_common_one_there_alone_where_it_counts(call: Any) -> None:
    ran("ada", NOW - HOUR)
    ran("ada", NOW - HOUR, of=records.account("second"))
    call("POST", "/limits", {"name": "common", "key": "owner", "value": "*", "max_running": 1})
    given = {"name": "own", "key": "owner", "value": "ada", "accounts": ["default"], "max_running": 9}
    call("POST", "/limits", given)
    told = [(item["limit"], item["account"]) for item in call("GET", "/limits/status").data["items"]]
    assert sorted(told) == [("common", "second"), ("own", "default")]


def test_accounts_count_apart_unless_they_are_named(call: Any) -> None:
    second = records.account("second")
    ran("ada", NOW - HOUR)
    ran("ada", NOW - HOUR, of=second)
    for name, accounts in (("apart", []), ("together", ["default", "second"])):
        given = {"name": name, "key": "owner", "value": "*", "accounts": accounts, "max_running": 4}
        call("POST", "/limits", given)
    told = [(one["limit"], one["account"], one["running"]) for one in call("GET", "/limits/status").data["items"]]
    assert sorted(told, key=str) == [("apart", "default", 1), ("apart", "second", 1), ("together", None, 2)]
    narrowed = call("GET", "/limits/status", account="second").data["items"]
    assert {(one["limit"], one["running"]) for one in narrowed} == {("apart", 1), ("together", 2)}


def test_a_template_is_named_by_its_id_or_its_name(call: Any) -> None:
    from sandboxes.models import AccountHealth

    AccountHealth.objects.create(account=records.account(), templates={"t1": {"name": "desktop"}})
    ran("ada", NOW - HOUR, template_id="t1")
    for name, value in (("by ID", "t1"), ("by name", "desktop")):
        call("POST", "/limits", {"name": name, "key": "template", "value": value, "max_running": 4})
    told = [(one["limit"], one["value"], one["running"]) for one in call("GET", "/limits/status").data["items"]]
    assert sorted(told) == [("by ID", "t1", 1), ("by name", "desktop", 1)]


def test_forecast_says_when_the_budget_is_reached_at_the_present_burn(call: Any) -> None:
    ran("ada", NOW - 2 * HOUR)  # $0.2178 so far, $0.1089 an hour
    given = {"name": "day", "key": "owner", "value": "ada", "usd_per_day": 0.5445}
    call("POST", "/limits", given)
    assert call("GET", "/limits/status").data["items"][0]["forecast_at"] == "2026-08-21T15:00:00Z"
    call("PUT", "/limits/day", given | {"usd_per_day": 2})
    assert call("GET", "/limits/status").data["items"][0]["forecast_at"] is None  # not before midnight


class TestHiddenAccount:
    """`second` is hidden from one whose token holds `default` alone."""

    @pytest.fixture
    def both(self) -> Any:
        ran("ada", NOW - HOUR)
        ran("ada", NOW - HOUR, of=records.account("second"))
        ran("secretive", NOW - HOUR, of=records.account("second"))

    @pytest.fixture
    def narrow(self) -> Any:
        text = records.token(scopes=["read", "admin"], accounts=[records.account().pk], name="narrow")
        client = Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=False)

        def calling(method: str, path: str, body: Any = None) -> Any:
            answer: Any = client.generic(method, f"/api/v1{path}", json.dumps(body or {}), "application/json")
            answer.data = json.loads(answer.content) if answer.content else None
            return answer

        return calling

    @pytest.mark.usefixtures("both")
    def test_a_limit_tells_of_it_neither_name_nor_figure(self, call: Any, narrow: Any) -> None:
        for name, accounts in (("theirs", ["second"]), ("both", ["default", "second"]), ("each", [])):
            given = {"name": name, "key": "owner", "value": "*", "accounts": accounts, "max_running": 1}
            assert call("POST", "/limits", given).status_code == 201
        listed = narrow("GET", "/limits")
        told = narrow("GET", "/limits/status")
        assert [one["name"] for one in listed.data["items"]] == ["both", "each"]
        assert listed.data["items"][0]["accounts"] == ["default"]
        assert {(one["limit"], one["running"], one["state"]) for one in told.data["items"]} == {
            ("both", 1, "warn"), ("each", 1, "warn"),
        }  # fmt: skip
        assert b"second" not in listed.content + told.content
        assert b"secretive" not in told.content
        assert narrow("GET", "/limits/theirs").status_code == 404

    def test_it_can_be_neither_limited_nor_changed(self, call: Any, narrow: Any) -> None:
        records.account("second")
        given = {"name": "x", "key": "owner", "value": "*", "max_running": 1}
        assert narrow("POST", "/limits", given | {"accounts": ["second"]}).status_code == 403
        assert narrow("POST", "/limits", given).data["accounts"] == ["default"]
        call("POST", "/limits", given | {"name": "each"})
        assert narrow("PUT", "/limits/each", given | {"name": "each"}).data["details"] == {"needs": ["accounts:*"]}
        assert narrow("DELETE", "/limits/each").status_code == 403
        assert Limit.objects.filter(name="each").exists()


def test_a_limit_that_a_policy_names_stays(call: Any) -> None:
    given = {"name": "x", "key": "owner", "value": "*", "max_running": 1}
    call("POST", "/limits", given)
    policy = Policy.objects.create(name="over", orphan_when={"over_limit": "x"})
    for method, body in (("DELETE", None), ("PUT", given | {"name": "y"}),
                         ("PUT", given | {"max_running": None, "usd_per_day": 1})):  # fmt: skip
        answer = call(method, "/limits/x", body)
        assert (answer.status_code, "'over' names it" in answer.data["message"]) == (409, True)
    assert call("PUT", "/limits/x", given | {"max_running": 2}).status_code == 200
    assert Policy.objects.get(pk=policy.pk).version == 2


def test_changes_join_the_audit_with_their_values(call: Any) -> None:
    given = {"name": "x", "key": "owner", "value": "*", "accounts": ["default"], "max_running": 1}
    records.account()
    call("POST", "/limits", given)
    call("PUT", "/limits/x", given | {"max_running": 2})
    call("DELETE", "/limits/x")
    told = [entry.change["setting"] for entry in AuditEntry.objects.filter(change__setting__subject="limit")]
    told.sort(key=lambda one: ["added", "changed", "removed"].index(one["verb"]))
    assert [one["verb"] for one in told] == ["added", "changed", "removed"]
    assert told[1]["after"] == {"max_running": 2, "version": 2}
    assert {(one["name"], *one["accounts"], one["actor"]["kind"]) for one in told} == {("x", "default", "token")}
    assert call("GET", "/audit", subject="limit").data["total"] == 3
