"""What may not be seen does not exist: words planted in a second account reach nobody of the first one."""

import re
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import AsyncClient, Client
from django.utils import timezone

from dashboard.models import SavedView
from events.models import Delivery
from sandboxes.cleanup import leases
from sandboxes.models import Account, AccountHealth, Action, Freeze, Sandbox
from tests.dashboard.access.test_rules import calls, pages
from tests.support import records

WORDS = 200
SECRET = re.compile(rb"zq\d{3}[a-z]+")


class Planted:
    """Gives words that stand nowhere else, `zq000owner` and so on."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self, what: str) -> str:
        word = f"zq{len(self.given):03}{what}"
        self.given.append(word)
        return word


@pytest.fixture
def two(db: None) -> tuple[Account, Account, Planted]:
    """An account with a few sandboxes, and one whose every text is a planted word."""
    word = Planted()
    first = records.account()
    hidden = Account.objects.create(
        name=word("account"), url=f"https://{word('host')}.example", actions="people", enabled=True,
        owner_keys=["owner"], environment_keys=["env"], webhook_url=f"https://{word('hook')}.example/",
    )  # fmt: skip
    records.sandbox("mine", of=first, owner="ada")
    AccountHealth.objects.update_or_create(
        account=hidden, defaults={"sync_error": word("error"), "poll_error": word("error"), "reachable": False}
    )
    policy = records.policy(word("policy"), match={"accounts": [hidden.name]})
    while len(word.given) < WORDS - 12:
        plant(word, hidden, policy)
    lease = leases.put(word("lease"), 600, metadata={word("key"): word("value")}, token=word("token"),
                       claimant=leases.Claimant("token:0", frozenset({hidden.pk})))  # fmt: skip
    assert lease.key in word.given
    maker = records.member(word("maker"), "operator", [hidden.pk])
    SavedView.objects.create(user=maker, name=word("view"), address=f"owner={word('owner')}", shared=True)
    body = f'{{"{word("body")}": 1}}'.encode()
    Delivery.objects.create(account=hidden, state="parked", reason=word("reason"), body=body, headers={},
                            received_at=timezone.now())  # fmt: skip
    return first, hidden, word


def plant(word: Planted, hidden: Account, policy: Any) -> None:
    """A sandbox, its event, its action and its verdict, all in words of their own."""
    now = timezone.now()
    made = records.sandbox(
        word("sandbox"), of=hidden, owner=word("owner"), environment=word("env"), template_id=word("template"),
        template_name=word("name"), alias=word("alias"), metadata={word("key"): word("value")},
        started_at=now - timedelta(hours=1),
    )  # fmt: skip
    records.verdict(made, policy)
    records.action(made, actor_name=word("actor"), reason=word("reason"), requested_at=now)
    records.event(made.sandbox_id, of=hidden, timestamp=now, received_at=now, data={word("datakey"): word("data")})


def test_pages_and_exports_show_no_word_of_another_account(
    two: tuple[Account, Account, Planted], static_files: object
) -> None:
    first, hidden, word = two
    client = Client(raise_request_exception=False)
    client.force_login(records.member("ada", "admin", [first.pk]))
    looked = 0
    for _, address in pages():
        for query in ("", "?q=zq", "?text=zq", "?state=all", "?by=account", "?sandbox=" + hidden.name):
            answer = client.get(address + query)
            body = whole(answer).replace(f"sandbox={hidden.name}".encode(), b"")  # their own exports are audited so
            assert not leaked(body, query, word), (address + query, leaked(body, query, word))
            looked += 1
    assert looked > 200


def test_calls_tell_no_word_of_another_account_and_hidden_is_not_there(two: tuple[Account, Account, Planted]) -> None:
    first, hidden, word = two
    text = records.token(accounts=[first.pk])
    client = Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=False)
    hidden_id = Sandbox.objects.filter(account=hidden).values_list("sandbox_id", flat=True)[0]
    for _, method, path in calls():
        if method == "GET":
            answer = client.get(path)
            assert not leaked(answer.content, "", word), (path, leaked(answer.content, "", word))
    there, nowhere = (client.get(f"/api/v1/sandboxes/{one}") for one in (hidden_id, "x" * len(hidden_id)))
    assert there.status_code == nowhere.status_code == 404
    assert there.content.replace(hidden_id.encode(), b"") == nowhere.content.replace(b"x" * len(hidden_id), b"")
    for path in (f"/api/v1/sandboxes?account={hidden.name}", "/api/v1/sandboxes?account=nobody"):
        assert client.get(path).status_code == 404
    assert client.get("/api/v1/sandboxes?account=").status_code == 400
    assert client.get("/api/v1/sandboxes?state=all").json()["total"] == 1
    assert client.get("/api/v1/actions").json()["total"] == 0
    metrics = client.get("/metrics").content
    assert not leaked(metrics, "", word)
    killed = client.post(f"/api/v1/sandboxes/{hidden_id}/kill", b"{}", "application/json")
    assert killed.status_code == 404


def test_palette_and_acting_find_nothing_of_another_account(
    two: tuple[Account, Account, Planted], static_files: object
) -> None:
    first, hidden, word = two
    client = Client(raise_request_exception=False)
    client.force_login(records.member("ada", "operator", [first.pk]))
    theirs = Sandbox.objects.filter(account=hidden).order_by("pk").first()
    assert theirs is not None
    for text in word.given:
        body = client.get("/palette/", {"q": text}).content
        assert not leaked(body, text, word), text
    assert client.post("/act/", {"kind": "kill", "key": theirs.pk}).status_code == 400
    open_now = Action.objects.filter(account=hidden).order_by("pk").first()
    assert open_now is not None
    assert client.post(f"/act/{open_now.pk}/stop/").status_code == 404
    assert client.get(f"/sandboxes/{theirs.sandbox_id}/").status_code == 404
    assert Freeze.objects.count() == 0


@pytest.mark.django_db(transaction=True)
async def test_export_in_the_server_streams_what_its_person_may_see_and_no_more(two_async: Any) -> None:
    first, hidden = two_async
    client = AsyncClient()
    await client.aforce_login(await sync_to_async(records.member)("ada", "viewer", [first.pk]))
    answer = await client.get("/sandboxes/export.csv")
    parts = [part async for part in answer.streaming_content]  # type: ignore[attr-defined]
    assert b"mine" in b"".join(parts)
    assert hidden.name.encode() not in b"".join(parts)
    assert len(b"".join(parts).splitlines()) == 2


@pytest.fixture
def two_async(transactional_db: None, static_files: object) -> tuple[Account, Account]:
    """Two accounts with a sandbox each, for a test that awaits."""
    first, hidden = records.account(), records.account("hidden")
    records.sandbox("mine", of=first)
    records.sandbox("theirs", of=hidden)
    return first, hidden


def whole(answer: Any) -> bytes:
    """An answer to its end, a stream's too."""
    if not answer.streaming:
        return bytes(answer.content)

    async def parts() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    return async_to_sync(parts)() if answer.is_async else b"".join(answer.streaming_content)


def leaked(body: bytes, asked: str, word: Planted) -> list[str]:
    """Planted words in an answer, but for one that the question itself holds."""
    found = {one.decode() for one in SECRET.findall(body)} & set(word.given)
    return sorted(one for one in found if one not in asked)
