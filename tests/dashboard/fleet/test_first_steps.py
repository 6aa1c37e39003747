"""An account that is read and empty shows what to do next; one that is refused or simulated does not."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sandboxes.models import Account, AccountHealth
from tests.support import records

HEADS = ("Create a sandbox", "Register the webhook", "Name the owner keys")


@pytest.fixture
def account(db: None) -> Account:
    made = records.account(owner_keys=["userId"])
    AccountHealth.objects.create(account=made, last_sync_at=timezone.now(), last_poll_at=timezone.now(), reachable=True)
    return made


def shown(person: Client, address: str) -> str:
    return " ".join(person.get(address).content.decode().split())


@pytest.mark.parametrize("address", ["/", "/sandboxes/"])
def test_empty_account_shows_its_three_next_steps(person: Client, account: Account, address: str) -> None:
    text = shown(person, address)
    assert all(head in text for head in HEADS)
    assert "Sandbox.create(timeout=600, metadata={'userId': 'me'})" in text
    assert "data-copy-code" in text
    assert "All clear" not in text


def test_registered_webhook_is_a_step_that_is_done(person: Client, account: Account) -> None:
    Account.objects.update(webhook_id="wh_1")
    assert "Webhook registered" in shown(person, "/")


@pytest.mark.parametrize(
    "change",
    [
        {"sync_error": "E2B rejected default's API key (401)", "last_sync_at": None},
        {"sync_error": "timed out"},
        {"last_sync_at": None},
    ],
)
def test_account_that_could_not_be_read_shows_no_steps(
    person: Client, account: Account, change: dict[str, Any]
) -> None:
    AccountHealth.objects.update(**change)
    assert HEADS[0] not in shown(person, "/")


def test_steps_are_gone_with_the_first_sandbox_even_when_it_has_ended(person: Client, account: Account) -> None:
    records.sandbox(state="ended", ended_at=timezone.now())
    assert HEADS[0] not in shown(person, "/")


def test_simulated_fleet_shows_no_steps(person: Client, account: Account) -> None:
    Account.objects.update(simulated=True)
    assert HEADS[0] not in shown(person, "/")
