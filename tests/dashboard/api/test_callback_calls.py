"""`/owner-callback`: set, kept with its secret sealed, told without it, deleted."""

from typing import Any

import pytest

from sandboxes.models import OwnerCallback
from tests.support import records

pytestmark = pytest.mark.django_db
GOOD = {"url": "https://app.example/alive", "secret": "of-an-application", "timeout_seconds": 2}


@pytest.fixture(autouse=True)
def account(db: None) -> Any:
    return records.account("prod")


def test_it_works(call: Any) -> None:
    assert call("GET", "/owner-callback").status_code == 404
    told = call("PUT", "/owner-callback", GOOD)
    assert (told.status_code, told.data["account"], told.data["enabled"]) == (200, "prod", True)
    assert "of-an-application" not in told.content.decode()
    assert OwnerCallback.objects.get().secret == "of-an-application"
    assert call("GET", "/owner-callback", account="prod").data == told.data
    assert call("DELETE", "/owner-callback").status_code == 204
    assert not OwnerCallback.objects.exists()


def test_a_secret_that_is_left_out_stays(call: Any) -> None:
    call("PUT", "/owner-callback", GOOD)
    moved = {"url": "http://10.0.0.5:9100/", "enabled": False}
    assert call("PUT", "/owner-callback", moved).data["enabled"] is False
    kept = OwnerCallback.objects.get()
    assert (kept.url, kept.secret) == ("http://10.0.0.5:9100/", "of-an-application")


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://app.example/"}, {"url": "app.example"}, {"secret": "short"}, {"timeout_seconds": 0},
        {"timeout_seconds": 60}, {"enabled": 1}, {"more": 1}, {"secret": None},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_400(call: Any, wrong: dict[str, Any]) -> None:
    assert call("PUT", "/owner-callback", GOOD | wrong).status_code == 400
    assert not OwnerCallback.objects.exists()


def test_an_account_that_is_not_there_is_404(call: Any) -> None:
    assert call("PUT", "/owner-callback", GOOD, account="other").status_code == 404
