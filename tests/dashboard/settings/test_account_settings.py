"""Settings → Account: keys, limits, who may act, and what is not right with it."""

from datetime import timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from events.webhooks import registration
from sandboxes.models import Account, AccountHealth
from sandboxes.models.fields import Sealed
from simulator.served import Served
from tests.support import records
from tests.support.settings_pages import URL, lines, text


def test_cap_and_keys_are_changed_and_checked(staff: Client, account: Account) -> None:
    good = {"cap": "2400", "owner_keys": "userId, team ,userId", "environment_keys": ""}
    staff.post("/settings/account/", good)
    kept = Account.objects.get()
    assert (kept.cap, kept.owner_keys, kept.environment_keys) == (2400, ["userId", "team"], [])
    assert lines() == ["Account changed, cap: 2400; owner keys: userId, team"]
    assert kept.keep_metadata == ["keep=true"]  # it was not sent: nothing that is kept is let go by that
    staff.post("/settings/account/", good | {"keep_metadata": "keep=true, tier=prod"})
    assert Account.objects.get().keep_metadata == ["keep=true", "tier=prod"]
    assert staff.post("/settings/account/", good | {"keep_metadata": "tier"}).status_code == 422
    staff.post("/settings/account/", good)
    assert len(lines()) == 2
    for wrong in ({"cap": "0"}, {"owner_keys": "k" * 200}, {"owner_keys": ",".join(map(str, range(30)))}, {"cap": "x"}):
        assert staff.post("/settings/account/", good | wrong).status_code == 422
    assert Account.objects.get().cap == 2400


def test_stored_metadata_keys_are_set_one_a_line_and_warn_of_owner_keys(staff: Client, account: Account) -> None:
    staff.post("/settings/account/", {"store_metadata_keys": "userId\r\n tier \n\nuserId"})
    assert Account.objects.get().store_metadata_keys == ["userId", "tier"]
    assert "can’t be read from them: owner, keep" in text(staff.get("/settings/account/"))
    staff.post("/settings/account/", {"store_metadata_keys": "owner\nkeep"})
    page = text(staff.get("/settings/account/"))
    assert "owner keep</textarea>" in page
    assert "can’t be read from them" not in page
    assert staff.post("/settings/account/", {"store_metadata_keys": "k" * 200}).status_code == 422
    staff.post("/settings/account/", {"store_metadata_keys": ""})
    assert Account.objects.get().store_metadata_keys is None


def test_secrets_whose_key_is_lost_do_not_break_the_page_and_can_be_replaced(
    staff: Client, account: Account, simulator: Served
) -> None:
    Account.objects.update(
        webhook_id="w1", webhook_secret=Sealed("fernet:lost"), sent_webhook_secret=Sealed("fernet:lost")
    )
    assert staff.get("/settings/").status_code == 200
    staff.post("/settings/webhook/by-hand/", {"url": URL, "secret": "entered-once-more"})
    assert Account.objects.get().webhook_secret == "entered-once-more"
    Account.objects.update(webhook_secret=Sealed("fernet:lost"), sent_webhook_secret=Sealed("fernet:lost"))
    assert "New secret created" in text(staff.post("/settings/webhook/rotate/", follow=True))
    staff.post("/settings/webhook/delete/")
    staff.post("/settings/webhook/register/", {"url": URL, "events": registration.default_events()})
    assert simulator.simulator.webhooks.all()[0].secret == Account.objects.get().webhook_secret


def test_letting_more_be_changed_at_a_backend_asks_for_the_accounts_name(staff: Client, account: Account) -> None:
    Account.objects.update(actions="none")
    refused = staff.post("/settings/account/", {"actions": "policies", "actions_name": "prod"})
    assert "Type default to allow more actions" in text(refused)
    assert Account.objects.get().actions == "none"
    staff.post("/settings/account/", {"actions": "policies", "actions_name": "default"})
    assert Account.objects.get().actions == "policies"
    staff.post("/settings/account/", {"actions": "people"})
    assert Account.objects.get().actions == "people"
    assert LogEntry.objects.filter(change_message__contains="actions: p").count() == 2


def test_an_empty_choice_of_actions_changes_nothing(staff: Client, account: Account) -> None:
    for _ in range(2):
        assert staff.post("/settings/account/", {"actions": ""}).status_code == 302
        assert Account.objects.get().actions == "policies"


def test_environment_is_named_where_it_sets_the_account_again(staff: Client, account: Account, settings: Any) -> None:
    records.account("other", url="http://127.0.0.1:1")
    said = "Key and address are set again at each start"
    assert said not in text(staff.get("/settings/account/"))
    settings.E2B_API_KEY = "e2b_0123456789abcdef"
    page = text(staff.get("/settings/account/"))
    assert f"{said}, by <code>E2B_API_KEY</code>." in page
    assert said not in text(staff.get("/settings/account/?account=other"))


def test_the_brake_of_an_account_is_set_and_goes_back_to_its_default(staff: Client, account: Account) -> None:
    page = text(staff.get("/settings/account/"))
    assert 'placeholder="5" value=""' in page
    assert 'placeholder="10" value=""' in page
    staff.post("/settings/account/", {"brake_per_hour": "50", "brake_per_day": ""})
    assert Account.objects.get().brake == {"per_hour": 50}
    assert "50 policy actions an hour, 10 a day" in text(staff.get("/settings/account/"))
    assert LogEntry.objects.filter(change_message__contains="brake: 50 per hour").count() == 1
    staff.post("/settings/account/", {"owner_keys": "user"})
    assert Account.objects.get().brake == {"per_hour": 50}, "a form without it leaves it"
    refused = text(staff.post("/settings/account/", {"brake_per_hour": "-1", "brake_per_day": "9"}))
    assert "greater than or equal to 0" in refused
    assert Account.objects.get().brake == {"per_hour": 50}
    staff.post("/settings/account/", {"brake_per_hour": "", "brake_per_day": ""})
    assert Account.objects.get().brake is None


def test_account_names_its_failing_rounds(staff: Client, account: Account) -> None:
    since = timezone.now() - timedelta(minutes=7)
    told = {"error": "DatabaseError: no", "since": since.isoformat(), "at": timezone.now().isoformat()}
    AccountHealth.objects.create(account=account, round_errors={"act": told})
    page = text(staff.get("/settings/account/?account=default"))
    assert "<dt>Sending actions</dt>" in page
    assert "DatabaseError: no" in page
