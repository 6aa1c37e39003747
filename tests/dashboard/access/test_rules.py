"""Every page and every call has a rule, and each role gets from each what the rule says."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from dashboard.access import rules
from dashboard.access.rights import Rights, Verb, of_role
from dashboard.api import api
from tests.support import records

GIVEN = {"sandbox_id": "i0", "text": "x", "deed": "replace", "bulk_id": "00000000-0000-0000-0000-000000000001",
         "view_id": 1, "delivery_id": 1, "policy_id": 1, "action_id": 1,
         "token_id": 987654321,  # none that is in use: a token that revokes itself answers nothing else
         "user_id": 1,
         "channel_id": 1,
         "approval_id": 1, "pk": 1, "rule_id": 1, "alert_id": 1, "silence_id": 1, "limit_id": 1,
         "session_id": "x", "provider_id": "x", "slug": "x", "key": "x", "token": "x",
         "name": "x"}  # fmt: skip
REFUSED = 403
OF_ALL = {
    "update_policy",
    "delete_policy",
    "run_policy",
    "reset_policy",
    "update_alert_rule",
    "delete_alert_rule",
}  # policy 1 stands for every account


def pages() -> Iterator[tuple[str, str]]:
    """Names of all pages of ours, and an address of each."""
    for pattern in get_resolver().url_patterns:
        for one in pattern.url_patterns if isinstance(pattern, URLResolver) and pattern.namespace != "admin" else ():
            if isinstance(one, URLPattern) and one.name:
                names = re.findall(r"<(?:\w+:)?(\w+)>", str(one.pattern))
                yield one.name, reverse(one.name, kwargs={name: GIVEN[name] for name in names})


def calls() -> Iterator[tuple[str, str, str]]:
    """Operation ID, method and path of every call of the API."""
    schema = api.get_openapi_schema()
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            filled = re.sub(r"\{(\w+)\}", lambda found: str(GIVEN.get(found[1], "x")), path)
            yield operation["operationId"], method.upper(), filled


def test_every_page_and_call_has_a_rule_and_no_rule_is_left_over(db: None) -> None:
    open_to_all = rules.EVERYBODY
    assert {name for name, _ in pages()} - open_to_all == set(rules.PAGES)
    there = {name for name, _, _ in calls()}
    assert there == set(rules.CALLS)


def test_what_has_no_rule_is_for_admins_of_every_account() -> None:
    assert rules.of_page("new-page", "GET") is Verb.SYSTEM
    assert rules.of_call("new_call") is Verb.SYSTEM


@pytest.mark.parametrize("role", ["viewer", "operator", "admin", "admin of *"])
@pytest.mark.parametrize("sends", [False, True])
def test_page_refuses_a_role_what_its_rule_says(role: str, sends: bool, db: None, static_files: object) -> None:
    client, rights = signed_in(role)
    told: Counter[bool] = Counter()
    for name, address in pages():
        if name in rules.EVERYBODY:
            continue
        answer = client.post(address) if sends else client.get(address)
        allowed = rights.may(rules.of_page(name, "POST" if sends else "GET"))
        told[allowed] += 1
        assert (answer.status_code == REFUSED) is not allowed or _asks_more(name, sends), (name, answer.status_code)
    assert told.total() == len(rules.PAGES)


@pytest.mark.parametrize("role", ["viewer", "operator", "admin", "admin of *"])
def test_call_refuses_a_role_what_its_rule_says(role: str, db: None) -> None:
    _, rights = signed_in(role)
    keys = None if rights.accounts is None else list(rights.accounts)
    text = records.token(scopes=[str(one) for one in rights.scopes], accounts=keys)
    client = Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=False)
    for name, method, path in calls():
        answer = client.generic(method, path, b"{}", "application/json")
        allowed = rights.may(rules.CALLS[name])
        if role == "admin" and name in OF_ALL:
            assert answer.json()["details"] == {"needs": ["accounts:*"]}, name
            continue
        assert (answer.status_code == REFUSED) is not allowed, (name, answer.status_code, answer.content)
        if not allowed:
            assert answer.json()["details"]["needs"], name


def _asks_more(name: str, sends: bool) -> bool:
    """Lifting a freeze, which needs more than setting it, and what is for all accounts, which one's admin lacks."""
    return name == "policy-enforce" or (
        sends and name.startswith(("cleanup-freeze", "cleanup-reset", "policy", "alert-rule"))
    )


def signed_in(role: str) -> tuple[Client, Rights]:
    account = records.account()
    records.sandbox("i0")
    word, accounts = role.split(maxsplit=1)[0], None if role == "admin of *" else [account.pk]
    client = Client(raise_request_exception=False)
    client.force_login(records.member("ada", word, accounts))
    return client, of_role(word, accounts)
