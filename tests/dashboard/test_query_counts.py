"""How many SQL statements each page and each fragment sends: no more than is written here, however large the fleet."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone

from dashboard.urls import urlpatterns
from sandboxes.models import AccountHealth, Limit, Sandbox
from tests.support import records
from tests.support.counting import statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mailbox")]
FEW, MANY = 1, 50

# By the name of the route: its address and the most statements that it may send.
PAGES: dict[str, tuple[str, int]] = {
    "fleet": ("/", 44),
    "fleet-charts": ("/fleet/charts/", 13),
    "fleet-groups": ("/fleet/groups/", 6),
    "fleet-needs": ("/fleet/needs/", 36),
    "fleet-past": ("/fleet/past/?at={at}", 9),
    "fleet-past-around": ("/fleet/past/around/?at={at}", 10),
    "fleet-past-hour": ("/fleet/past/hour/?at={at}", 7),
    "sandboxes": ("/sandboxes/", 41),
    "sandboxes-facets": ("/table/facets/", 18),
    "table-new": ("/table/new/", 4),
    "sandboxes-csv": ("/sandboxes/export.csv", 14),
    "sandboxes-json": ("/sandboxes/export.json", 14),
    "sandbox": ("/sandboxes/ifirst/", 33),
    "sandbox-parts": ("/sandboxes/ifirst/parts/", 26),
    "sandbox-siblings": ("/sandboxes/ifirst/siblings/", 38),
    "sandbox-timeline": ("/sandboxes/ifirst/timeline/", 24),
    "sandbox-logs": ("/sandboxes/ifirst/logs/", 5),
    "events": ("/events/", 20),
    "events-chart": ("/events/chart/", 5),
    "events-new": ("/events/new/?after=0", 6),
    "events-csv": ("/events/export.csv", 11),
    "events-jsonl": ("/events/export.jsonl", 11),
    "deliveries": ("/events/deliveries/", 13),
    "cleanup": ("/cleanup/", 16),
    "policy-new": ("/cleanup/policies/new/", 9),
    "policy": ("/cleanup/policies/{policy}/", 10),
    "policy-trust": ("/cleanup/policies/{policy}/trust/", 30),
    "alerts": ("/alerts/", 30),
    "alert-history": ("/alerts/history/", 30),
    "alert-rules": ("/alerts/rules/", 30),
    "alert-rule-new": ("/alerts/rules/new/", 30),
    "alert-silences": ("/alerts/silences/", 30),
    "alert-channels": ("/alerts/channels/", 15),
    "cost": ("/cost/", 17),
    "cost-csv": ("/cost/export.csv", 14),
    "cost-explained": ("/cost/explained/", 22),
    "cost-explained-csv": ("/cost/explained.csv", 14),
    "cost-habits": ("/cost/habits/", 15),
    "cost-habits-csv": ("/cost/habits.csv", 14),
    "limits": ("/limits/", 30),
    "limit-new": ("/limits/new/", 14),
    "limit": ("/limits/{limit}/", 25),
    "settings": ("/settings/", 14),
    "settings-account": ("/settings/account/", 15),
    "settings-accounts": ("/settings/accounts/", 12),
    "settings-people": ("/settings/people/", 11),
    "settings-tokens": ("/settings/tokens/", 11),
    "settings-prices": ("/settings/prices/", 12),
    "settings-password": ("/settings/password/", 10),
    "settings-audit": ("/settings/audit/", 13),
    "settings-audit-csv": ("/settings/audit/export.csv", 9),
    "settings-sign-in": ("/settings/sign-in/", 19),
    "settings-system": ("/settings/system/", 23),
    "palette": ("/palette/?q=i", 19),
}


@pytest.fixture
def admin(db: None, static_files: object) -> Client:
    """Signed in as one who may open every page."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("ada", password="long enough for a test"))
    return client


def fleet_of(number: int) -> None:
    """So many sandboxes with everything that pages show of one: events, samples, a match, an action, an earlier run."""
    now = timezone.now()
    account = records.account()
    AccountHealth.objects.get_or_create(account=account, defaults={"last_sync_at": now, "last_poll_at": now})
    records.price()
    policy = records.policy()
    names = ["ifirst", *(f"iother{place}" for place in range(1, number))]
    for place, name in enumerate(names):
        if Sandbox.objects.filter(sandbox_id=name).exists():
            continue
        box = records.sandbox(
            name, owner=f"owner{place % 7}", template_id=f"template{place % 5}", metadata={"job": str(place % 3)},
            started_at=now - timedelta(minutes=30), end_at=now + timedelta(hours=1), burn_usd_per_hour="0.1",
        )  # fmt: skip
        box.executions.create(key="now", started_at=box.started_at)
        records.verdict(box, policy)
        records.action(box, "kill", "failed", requested_at=now, error="refused")
        for kind in ("created", "updated"):
            records.event(name, kind, timestamp=now, received_at=now)
    readings = {key: records.Reading(cpu=5.0, mem=10) for key in Sandbox.objects.values_list("pk", flat=True)}
    records.frame(readings, at=now - timedelta(seconds=number))


def limit() -> Limit:
    given = {"key": "owner", "value": "*", "max_running": 5, "usd_per_day": 10}
    return Limit.objects.get_or_create(name="each", defaults=given)[0]


async def whole(answer: Any) -> bytes:
    return b"".join([part async for part in answer.streaming_content])


def count(admin: Client, address: str, monkeypatch: pytest.MonkeyPatch) -> int:
    found = address.format(
        at=(timezone.now() - timedelta(minutes=5)).timestamp(), policy=records.policy().pk, limit=limit().pk
    )
    with statements(monkeypatch) as sent:
        answer = admin.get(found)
        if answer.streaming:
            async_to_sync(whole)(answer)
    assert answer.status_code == 200, answer.content[:500]
    return len(sent)


@pytest.mark.parametrize("name", PAGES)
def test_page_sends_no_more_statements_than_recorded_however_many_sandboxes(name, admin, monkeypatch):
    address, most = PAGES[name]
    fleet_of(FEW)
    first = count(admin, address, monkeypatch)
    few = count(admin, address, monkeypatch)  # what is kept for a while is kept now
    fleet_of(MANY)
    many = count(admin, address, monkeypatch)
    assert max(first, few, many) <= most, f"{first} at first, then {few} for {FEW} sandbox and {many} for {MANY}"


# What changes something, answers to a POST alone, or is no page.
NO_PAGES = {
    "alert", "alert-acknowledge", "alert-rule", "alert-rule-preview", "alert-rule-switch", "alert-silence-end",
    "table-columns", "views", "view", "view-change", "deliveries-replay", "delivery-replay", "cleanup-reset",
    "cleanup-freeze", "policy-preview-new", "policy-preview", "policy-enforce", "policy-switch", "settings-webhook",
    "settings-reset-brake", "settings-person", "cleanup-approval", "settings-accounts-one",
    "invitation", "settings-account-key", "settings-account-retry", "settings-token-revoke", "act",
    "act-ask", "act-progress", "act-bulk-stop", "act-stop-many", "act-stop",
    "alert-channel-add", "alert-channel", "alert-channel-test", "alert-delivery-replay",
    "login", "account_login", "mfa_authenticate", "mfa_index", "mfa_list_webauthn",
    "mfa_activate_totp", "mfa_add_webauthn",
    "mfa_deactivate_totp", "mfa_edit_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "settings-sign-in-rules", "settings-session-end", "settings-provider-add",
    "settings-provider", "settings-connect", "settings-disconnect", "openid_connect_login", "openid_connect_callback",
    "limit-unfolded", "limit-delete", "cost-invoices", "password-reset", "password-reset-link", "logout", "healthz",
    "readyz", "metrics",
}  # fmt: skip


def test_every_page_has_its_count():
    names = {str(name) for route in urlpatterns if (name := getattr(route, "name", None))}
    assert names - NO_PAGES == set(PAGES)


def test_statements_past_django_are_counted_too(monkeypatch):
    with statements(monkeypatch) as sent:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        with psycopg.connect(settings.DATABASE_URL) as line:
            line.execute("SELECT 2")
    assert sent == ["SELECT 1", "SELECT 2"]
