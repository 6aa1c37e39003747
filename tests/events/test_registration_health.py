"""The webhook's health from both ends, the events that no try brought, and the test delivery."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn

from events.models import Delivery, LifecycleEvent
from events.receiver import Receiver
from events.webhooks import registration, test_delivery, upkeep
from events.webhooks.address import BadAddress, checked, doubt
from events.webhooks.local_view import our_view
from events.webhooks.view import view_of
from sandboxes.models import Account, AccountHealth, Sandbox
from simulator import Fault
from tests.events.test_observe import create, impatient
from tests.events.test_registration import ALL
from tests.simulator.receiver import eventually, receiving
from tests.support import records

pytestmark = pytest.mark.usefixtures("mailbox")


@pytest.fixture
def elsewhere():
    """A receiver that is not ours and answers what it is told to."""
    with receiving() as receiver:
        yield receiver


async def view(account):
    return view_of(await AccountHealth.objects.aget(account=account))


def pass_time(e2b, seconds):
    """All tries that fall due meanwhile are made."""
    for _ in range(seconds // 5):
        e2b.simulator.advance(5)
        eventually(lambda: e2b.simulator.outbox.waiting(e2b.simulator.now()) == 0)


async def test_the_backends_figures_are_shown_beside_ours(watched, e2b, api, elsewhere):
    await registration.register(watched.pk, elsewhere.url, ALL)
    create(api)
    pass_time(e2b, 5)
    await upkeep.tend_all()
    seen = await view(watched)
    assert (seen.total, seen.failed, seen.enabled, seen.error) == (1, 0, True, "")
    assert seen.arrived_pct == 100
    assert seen.read_at


async def test_an_event_none_of_whose_tries_arrived_is_fetched_at_once(watched, e2b, api, elsewhere):
    await registration.register(watched.pk, elsewhere.url, ALL)
    elsewhere.answers = 500
    name = create(api)
    pass_time(e2b, 40)
    await upkeep.tend_all()
    held = await LifecycleEvent.objects.aget(sandbox_id=name)
    assert held.source == "reconcile"
    assert (await Sandbox.objects.aget(sandbox_id=name)).state == "running"
    seen = await view(watched)
    assert (seen.fetched, seen.failed) == (1, 4)
    assert {(one.word, one.status, one.arrived) for one in seen.failures} == {("created", 500, False)}
    await upkeep.tend_all()
    assert (await view(watched)).fetched == 1


async def test_one_that_arrived_at_last_is_not_fetched(watched, e2b, api, elsewhere):
    await registration.register(watched.pk, elsewhere.url, ALL)
    elsewhere.answers = 503
    create(api)
    pass_time(e2b, 5)
    elsewhere.answers = 202
    pass_time(e2b, 15)
    await upkeep.tend_all()
    seen = await view(watched)
    assert (seen.fetched, seen.failures[0].arrived) == (0, True)
    assert await LifecycleEvent.objects.acount() == 0


async def test_many_are_fetched_by_one_round_of_reconcile(watched, e2b, api, elsewhere, monkeypatch):
    monkeypatch.setattr("events.webhooks.undelivered.ONE_BY_ONE", 2)
    await registration.register(watched.pk, elsewhere.url, ALL)
    elsewhere.answers = 500
    for _ in range(4):
        create(api)
    pass_time(e2b, 40)
    await upkeep.tend_all()
    assert await LifecycleEvent.objects.acount() == 4
    assert (await view(watched)).fetched == 4


async def test_a_backend_that_fails_leaves_the_former_figures_and_says_so(watched, e2b, elsewhere, monkeypatch):
    await registration.register(watched.pk, elsewhere.url, ALL)
    await upkeep.tend_all()
    before = await view(watched)
    e2b.simulator.faults.add(Fault(status=500, path="/events/webhooks"))
    monkeypatch.setattr("sandboxes.core.accounts.client_for", impatient)
    await upkeep.tend_all()
    after = await view(watched)
    assert after.read_at == before.read_at
    assert "500" in after.error


def test_our_end_tells_lag_refusals_and_what_was_missed(watched):
    now = datetime.now(UTC)
    for lag in (1, 2, 3):
        happened = now - timedelta(minutes=5)
        records.event("i1", of=watched, timestamp=happened, received_at=happened + timedelta(seconds=lag))
    for reason, count in (("the signature does not fit the body", 3), ("not one UTF-8 JSON object", 1)):
        for _ in range(count):
            Delivery.objects.create(account=watched, state="refused", reason=reason, received_at=now, body=b"")
    AccountHealth.objects.filter(account=watched).update(webhook_since=now - timedelta(hours=1))
    ours = our_view(AccountHealth.objects.get(account=watched), now)
    assert (ours.events, ours.lag_p50_seconds) == (3, 2.0)
    assert ours.lag_p95_seconds == pytest.approx(2.9)
    assert ours.refused == [("the signature does not fit the body", 3), ("not one UTF-8 JSON object", 1)]
    assert (ours.refused_count, ours.missed) == (4, 0)


def test_types_that_were_not_asked_for_are_not_missed(watched):
    now = datetime.now(UTC)
    when = now - timedelta(minutes=10)
    for kind in ("killed", "updated"):
        records.event("i1", kind, of=watched, timestamp=when, received_at=when, source="reconcile")
    AccountHealth.objects.filter(account=watched).update(webhook_since=now - timedelta(hours=1))
    assert our_view(AccountHealth.objects.get(account=watched), now).missed == 2
    Account.objects.filter(pk=watched.pk).update(webhook_events=["sandbox.lifecycle.killed"])
    assert our_view(AccountHealth.objects.get(account=watched), now).missed == 1


@pytest.fixture
async def stack(account, free_tcp_port):
    """The account `prod`, registered at our own receiver on a real port."""
    receiver = Receiver()
    await receiver.start()
    server = uvicorn.Server(
        uvicorn.Config(receiver, port=free_tcp_port, log_config=None, log_level="warning", lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    account.webhook_url = f"http://127.0.0.1:{free_tcp_port}/webhooks/e2b/prod/"
    yield account
    server.should_exit = True
    await serving
    await receiver.stop()


@pytest.fixture
def free_tcp_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_a_test_delivery_arrives_and_leaves_nothing(stack):
    tried = await test_delivery.send(stack)
    assert (tried.verdict, tried.status) == ("arrived", 202)
    assert await LifecycleEvent.objects.acount() == 0
    assert await Sandbox.objects.acount() == 0
    assert await Delivery.objects.acount() == 0


async def test_one_signed_otherwise_is_refused_and_said_so(stack):
    stack.webhook_secret = "not the one on record"
    assert (await test_delivery.send(stack)).verdict == "refused"


async def test_other_answers_are_somebody_elses_and_shown_in_part(account, elsewhere):
    account.webhook_url = elsewhere.url
    tried = await test_delivery.send(account)
    assert (tried.verdict, tried.status) == ("somebody_else", 202)
    assert test_delivery.verdict(200, b"<html>") == "somebody_else"
    assert test_delivery.verdict(503, b'{"code":"unavailable","message":"x"}') == "away"
    elsewhere.answers = 302
    assert (await test_delivery.send(account)).status == 302  # and not where it leads


async def test_nobody_there_is_unreachable(account, free_tcp_port):
    account.webhook_url = f"http://127.0.0.1:{free_tcp_port}/"
    assert (await test_delivery.send(account)).verdict == "unreachable"


async def test_trial_to_a_name_that_leads_to_metadata_is_not_sent(account, elsewhere, monkeypatch):
    async def metadata_first(_loop, _host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("127.0.0.1", "169.254.169.254")]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", metadata_first)
    account.webhook_url = elsewhere.url.replace("127.0.0.1", "sandwarden.example.com")
    tried = await test_delivery.send(account)
    assert (tried.verdict, tried.status) == ("unreachable", None)
    assert "169.254.169.254, where nothing is ever sent" in tried.said


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example", "/webhooks", "https://", "https://u:p@a.example/", "https://a.example/#x", "http://a:0/",
     "http://169.254.169.254/latest", "http://[fe80::1]/", "http://0.0.0.0/", "https://a.example/" + "x" * 500,
     "https://a.example/a b", "http://[::ffff:169.254.169.254]/"],
)  # fmt: skip
def test_what_can_be_no_receiver_is_refused(url):
    with pytest.raises(BadAddress):
        checked(url)


def test_an_address_that_the_backend_cannot_reach_is_doubted():
    e2b = "https://api.e2b.app"
    assert checked(" HTTPS://Sandwarden.Example.com/Hook ") == "https://sandwarden.example.com/Hook"
    assert "can’t reach" in doubt("http://127.0.0.1:8000/", e2b)
    assert "can’t reach" in doubt("https://10.1.2.3/", e2b)
    assert "can’t reach" in doubt("https://sandwarden/", e2b)
    assert "plain http" in doubt("http://sandwarden.example.com/", e2b)
    assert doubt("https://sandwarden.example.com/", e2b) == ""
    assert doubt("http://127.0.0.1:8000/", "http://localhost:3000") == ""
