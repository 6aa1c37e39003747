"""No page answers 500, whatever stands in its address or its form."""

import pytest
from django.test import Client

from sandboxes.models import Freeze, SandboxLock
from tests.support import records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mailbox")]
ODD = [
    "", "0", "\0", "a\0b", "-1", "9" * 30, "1e999", "nan", "\ud800", "W10", "W251bGwsbnVsbF0",
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z",
    "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwxXQ",
]  # fmt: skip
PAGES = {
    "/fleet/past/around/": ["at"],
    "/fleet/past/hour/": ["at"],
    "/events/deliveries/": ["cursor", "state", "after"],
    "/table/facets/": ["q", "at", "age_min"],
    "/table/new/": ["q", "age_min", "since"],
    "/sandboxes/iodd/timeline/": ["start", "end", "range"],
    "/sandboxes/iodd/siblings/": ["at"],
    "/palette/": ["q"],
    "/fleet/groups/": ["by", "at"],
    "/fleet/charts/": ["range"],
    "/act/ask/": ["kind", "ids", "do", "action", "filter", "reason"],
    "/events/": [
        "cursor",
        "type",
        "source",
        "sandbox",
        "text",
        "owner",
        "template",
        "account",
        "since",
        "until",
        "last",
    ],
    "/events/chart/": ["type", "owner", "since", "until", "last"],
    "/events/new/": ["after", "owner", "since"],
    "/events/export.jsonl": ["text", "owner", "since", "until", "last"],
    "/sandboxes/": ["cursor", "q", "order", "age_min", "cpu_min", "template", "owner", "metadata.x", "cols", "state"],
    "/sandboxes/export.csv": ["q", "order", "age_min"],
    "/cost/": ["range", "by", "whole"],
    "/cost/export.csv": ["range", "by"],
    "/fleet/past/": ["at"],
    "/cleanup/": ["cursor", "policy", "action", "state"],
    "/settings/": ["account"],
    "/settings/account/": ["account"],
    "/sandboxes/iodd/": ["at", "cursor", "start", "end"],
    "/api/v1/events": ["cursor", "since", "type", "sandbox"],
    "/api/v1/sandboxes": ["cursor", "q", "age_min"],
    "/api/v1/fleet/at": ["t", "cursor"],
    "/api/v1/fleet/metrics": ["start", "end", "points"],
    "/api/v1/cost": ["start", "end", "group_by", "bucket"],
    "/api/v1/actions": ["cursor", "sandbox", "kind", "bulk_id"],
    "/api/v1/sandboxes/iodd/metrics": ["start", "end"],
    "/api/v1/leases": ["cursor"],
}


@pytest.fixture
def staff(person: Client) -> Client:
    records.member("ada", "admin")
    person.raise_request_exception = False
    records.sandbox("iodd")
    records.event("iodd")
    records.sandbox("ieven", of=records.account("other"))
    return person


@pytest.mark.parametrize("path", PAGES)
def test_odd_address_is_refused_and_never_an_error_of_ours(staff: Client, path: str) -> None:
    broken = []
    for name in PAGES[path]:
        for value in ODD:
            query = {name: value.encode("utf-8", "surrogatepass")}
            answer = staff.get(path, query_params=query)
            if answer.status_code >= 500:
                broken.append((name, value, answer.status_code))
    assert broken == []


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/cleanup/freeze/", {"frozen": "on", "do": "freeze", "reason": "a\0b"}),
        ("/act/", {"kind": "protect", "key": "a\0b", "reason": "a\0b"}),
        ("/act/", {"kind": "a\0b", "selection": "a\0b", "typed": "\0", "minutes": "\0"}),
        ("/act/stop/", {"id": "a\0b"}),
        ("/table/views/", {"name": "a\0b", "address": "?q=a\0b"}),
        ("/table/columns/", {"col": "a\0b", "meta": "a\0b"}),
        ("/settings/account/", {"owner_keys": "a\0b", "cap": "\0"}),
        ("/settings/account/key/", {"api_key": "a\0b"}),
        ("/settings/tokens/", {"name": "a\0b"}),
        ("/settings/prices/", {"since": "a\0b", "usd_per_vcpu_second": "\0"}),
        ("/login/", {"username": "a\0b", "password": "a\0b"}),
        ("/cleanup/policies/new/", {"name": "a\0b"}),
    ],
)
def test_nul_in_a_form_is_never_an_error_of_ours(staff: Client, path: str, fields: dict[str, str]) -> None:
    assert staff.post(path, fields).status_code < 500


@pytest.mark.parametrize(
    "path",
    [f"/sandboxes/a%00b/{rest}" for rest in ("", "parts/", "siblings/", "timeline/", "logs/")]
    + [f"/api/v1/sandboxes/a%00b{rest}" for rest in ("", "/timeline", "/metrics", "/logs")],
)
def test_nul_in_a_path_is_not_found(staff: Client, path: str) -> None:
    assert staff.get(path).status_code == 404


def test_nul_in_the_id_to_act_on_is_not_found(staff: Client) -> None:
    headers = {"Idempotency-Key": "once"}
    answer = staff.post("/api/v1/sandboxes/a%00b/kill", {}, content_type="application/json", headers=headers)
    assert answer.status_code == 404


def test_act_with_a_nul_in_its_reason_is_done(staff: Client) -> None:
    box = records.sandbox("ikept")
    staff.post("/act/", {"kind": "protect", "key": str(box.pk), "reason": "a\0b"})
    assert SandboxLock.objects.get(sandbox_id="ikept").protected


@pytest.mark.parametrize("reason", ["a\0b", "\0"])
def test_freeze_reason_keeps_what_can_be_kept(staff: Client, reason: str) -> None:
    staff.post("/cleanup/freeze/", {"do": "freeze", "frozen": "1", "reason": reason})
    assert [one.reason for one in Freeze.objects.all()] == [reason.replace("\0", "")]
