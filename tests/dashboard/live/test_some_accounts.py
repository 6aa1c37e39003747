"""Pages that see some accounts: their picture holds nothing else, and their rights are asked again all the time."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.live import access, snapshot
from dashboard.live.browser import Browser
from dashboard.live.hub import Hub
from dashboard.models import Member
from sandboxes.core.live import FORMAT
from tests.support import records

encode = msgspec.msgpack.Encoder().encode


def message(account: int, kind: str, body: Any, number: int) -> dict[str, Any]:
    return {"kind": kind, "account": account, "body": encode(body), "epoch": "e", "number": number, "format": FORMAT}


@pytest.mark.django_db
def test_picture_of_some_accounts_holds_nothing_of_another() -> None:
    first, hidden = records.account(), records.account("hidden")
    mine, theirs = records.sandbox("mine", of=first), records.sandbox("theirs", of=hidden)
    seen = frozenset({first.pk})
    hub, browser = Hub(), Browser("ada", seen)
    hub.join(browser)
    assert hub.messages_for(browser) is None, "nothing is sent before its accounts are read"
    hub._replace(snapshot.read(), {seen: snapshot.read(seen)})
    part = hub.messages_for(browser)
    assert part is not None
    assert {cell.id for cell in part.fleet.cells.values()} == {"mine"}
    assert {cell.id for cell in hub.messages.fleet.cells.values()} == {"mine", "theirs"}
    for number, (account, key) in enumerate([(first.pk, mine.pk), (hidden.pk, theirs.pk)]):
        hub.take(message(account, "verdict", {"orphans": [{"key": key, "state": "candidate"}], "cleared": []}, number))
        hub.take(message(account, "change", {"sandboxes": [row(f"i{account}", 1000 + key)]}, number + 10))
    assert {cell.id for cell in part.fleet.cells.values()} == {"mine", f"i{first.pk}"}
    assert b"theirs" not in b"".join(browser.messages(part))
    hub.leave(browser)
    assert hub.messages_for(browser) is None


def row(sandbox_id: str, key: int) -> dict[str, Any]:
    return {"key": key, "id": sandbox_id, "state": "running", "created_at": 1.0, "started_at": 1.0,
            "template_id": "base", "template_name": None, "alias": None}  # fmt: skip


@pytest.mark.django_db
def test_whose_rights_change_does_not_stay() -> None:
    account, user = records.account(), records.member("ada", "operator")
    client = Client()
    client.force_login(user)
    ticket = access.ticket_of({"user": fresh("ada"), "session": client.session})
    assert ticket is not None
    assert access.valid([ticket]) == {ticket}
    Member.objects.filter(user=user).update(accounts=[account.pk])
    assert access.valid([ticket]) == set()
    again = access.ticket_of({"user": fresh("ada"), "session": client.session})
    assert again is not None
    assert again.rights.accounts == frozenset({account.pk})
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert access.valid([again]) == set()


def test_who_may_not_look_gets_no_ticket() -> None:
    nobody = SimpleNamespace(is_authenticated=True, is_active=False, pk=1)
    assert access.ticket_of({"user": nobody, "session": SimpleNamespace(session_key="k", get=lambda *_: "")}) is None


def fresh(name: str) -> User:
    return User.objects.select_related("member").get(username=name)
