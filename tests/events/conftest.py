"""An account at a backend, and its events by the shortest way."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from simulator import DEFAULT_API_KEY, ManualClock, empty
from simulator.served import served
from tests.support.scripted import scripted

SECRET = "s3cret"
URL = "/webhooks/e2b/prod/"


@pytest.fixture
def account(transactional_db):
    """The account `prod` at a backend that does not exist."""
    from events.writing import context
    from sandboxes.models import Account, AccountHealth, Price

    context.forget()
    Price.objects.get_or_create(  # other tests empty the tables
        since=datetime(2023, 1, 1, tzinfo=UTC),
        defaults={"usd_per_vcpu_second": Decimal("0.000014"), "usd_per_gib_second": Decimal("0.0000045")},
    )
    made = Account.objects.create(
        name="prod", url="http://127.0.0.1:9/api", webhook_secret=SECRET, owner_keys=["owner"],
        environment_keys=["env"], actions="policies",
    )  # fmt: skip
    AccountHealth.objects.create(account=made)
    yield made
    context.forget()


@dataclass(frozen=True)
class Posting:
    """Posts to its receiver when it is called."""

    send: Callable[..., Awaitable[httpx.Response]]
    receiver: Any

    async def __call__(self, *given: Any, **options: Any) -> httpx.Response:
        return await self.send(*given, **options)


@pytest.fixture
async def post(account):
    """Posts a body to the receiver, signed unless told otherwise; answers with the response."""
    from events.receiver import Receiver
    from events.signature import sign

    receiver = Receiver()
    await receiver.start()

    async def send(body, url=URL, method="POST", secret=SECRET, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = {"e2b-signature": sign(secret, raw)} if secret else {}
        transport = httpx.ASGITransport(app=receiver)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, url, content=raw, headers=signed | headers)

    yield Posting(send, receiver)
    await receiver.stop()


@pytest.fixture
def clock():
    """The simulated backend's clock, in the test's hand; it starts now."""
    return ManualClock(time.time())


@pytest.fixture
def e2b(clock):
    """A simulated backend without a fleet: the test makes one."""
    with served(empty(duplicate_share=0.0, late_share=0.0), clock) as running:
        yield running


@pytest.fixture
def watched(account, e2b):
    """The account `prod` at the simulated backend."""
    account.url, account.api_key = e2b.url, DEFAULT_API_KEY
    account.save()
    return account


@pytest.fixture
def backend(account):
    """A backend with another dialect than E2B's, watched by the account `prod`."""
    with scripted() as running:
        account.url = running.url
        account.save()
        yield running


@pytest.fixture
def api(e2b):
    """A client of the simulated backend, as the fleet's owner has one."""
    with httpx.Client(base_url=e2b.url, headers={"X-API-Key": DEFAULT_API_KEY}, trust_env=False) as client:
        yield client
