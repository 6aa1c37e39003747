"""The doctor names what is wrong, with the cure, and goes on to the next check whatever one of them raises."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import OperationalError

from dashboard.system import doctor
from dashboard.system.doctor import checks
from sandboxes.models import Account, AccountHealth
from simulator.options import DEFAULT_API_KEY
from simulator.served import Served

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mailbox")]


@pytest.fixture
def account(simulator: Served) -> Account:
    made = Account.objects.create(name="acme", url=simulator.url, api_key=DEFAULT_API_KEY, actions="people")
    AccountHealth.objects.create(account=made, last_sync_at=datetime.now(UTC))
    return made


def found() -> dict[str, doctor.Finding]:
    return {finding.name: finding for finding in doctor.examine()}


def test_sound_installation_has_no_failure_but_what_a_test_has_not(account):
    seen = found()
    assert seen["account acme"].state == "ok"
    assert seen["clock of acme"].state == "ok"
    assert seen["keys"].state == "ok"
    assert seen["queue"].state == "ok"
    assert seen["database"].state == seen["redis"].state == seen["migrations"].state == "ok"
    assert {name for name, one in seen.items() if one.state == "failed"} == {"public address"}  # nobody serves pages


def test_refused_key_says_where_a_new_one_goes(account):
    account.api_key = "e2b_of_nobody"
    account.save()
    refused = found()["account acme"]
    assert refused.state == "failed"
    assert "Settings → Account" in refused.cure


def test_backend_that_is_away_is_told_with_its_address(account):
    Account.objects.all().delete()
    Account.objects.create(name="away", url="http://127.0.0.1:9", api_key="e2b_x")
    away = found()["account away"]
    assert away.state == "failed"
    assert "address" in away.cure


def test_lost_encryption_key_names_the_secrets(account, settings):
    settings.ENCRYPTION_KEY = Fernet.generate_key().decode()
    lost = found()["keys"]
    assert lost.state == "failed"
    assert "account acme: api_key" in lost.says


def test_key_file_that_others_can_read_is_told_with_the_command(account, settings, tmp_path: Path):
    settings.DATA_DIR = tmp_path
    (tmp_path / "secret_key").write_text("x")
    (tmp_path / "secret_key").chmod(0o644)
    seen = found()["permissions"]
    assert seen.state == "failed"
    assert seen.cure == f"chmod go-rwx {tmp_path / 'secret_key'}"


def test_tasks_that_nobody_takes_are_told(account, mailbox):
    mailbox.rpush("sandwarden", *range(1001))
    assert found()["queue"].state == "failed"


def test_no_account_is_told():
    assert found()["account"].state == "failed"


def test_check_that_fails_holds_up_no_other(account, monkeypatch):
    def away():
        yield from iter(unreachable, None)

    def unreachable():
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(checks, "CHECKS", (away, checks.keys))
    seen = list(checks.examine())
    assert [(one.name, one.state) for one in seen] == [("away", "failed"), ("keys", "ok")]


def test_command_ends_with_1_where_something_failed_and_speaks_json():
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=out)
    assert ended.value.code == 1
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {"name": "account", "state": "failed"}.items() <= next(
        one for one in lines if one["name"] == "account"
    ).items()


def test_live_asks_first_and_makes_nothing_without_a_yes(account, simulator: Served, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "no")
    out = StringIO()
    call_command("doctor", "--live", stdout=out)
    assert out.getvalue().strip() == "Nothing was done."
    assert len(simulator.simulator.fleet) == 0


@pytest.mark.parametrize(("change", "told"), [({"actions": "none"}, "lets nobody act"), ({}, "READ_ONLY")])
def test_live_makes_nothing_where_nothing_may_be_changed(account, settings, change, told):
    settings.READ_ONLY = not change
    Account.objects.update(**change) if change else None
    with pytest.raises(CommandError, match=told) as refused:
        call_command("doctor", "--live", "--yes")
    assert refused.value.returncode == 2
