"""A simulated backend in real time that our one account watches, with our API up: what acting needs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from simulator import DEFAULT_API_KEY


class Backend:
    """The simulated E2B as its owner sees it, and our record of it."""

    def __init__(self, url, account, simulator):
        self.url, self.account, self.simulator = url, account, simulator

    def call(self, method, path, **given):
        headers = {"X-API-Key": DEFAULT_API_KEY}
        return httpx.request(method, f"{self.url}{path}", headers=headers, trust_env=False, **given)

    def make(self, timeout=600, **metadata):
        """A sandbox that its owner has just made; its ID."""
        answer = self.call("POST", "/sandboxes", json={"templateID": "base", "timeout": timeout, "metadata": metadata})
        assert answer.status_code == 201, answer.text
        return answer.json()["sandboxID"]

    def state(self, sandbox_id):
        """`running`, `paused`, or `gone`."""
        answer = self.call("GET", f"/sandboxes/{sandbox_id}")
        return answer.json()["state"] if answer.status_code == 200 else "gone"

    async def held(self, sandbox_id):
        """Our row of it, after a look at the list."""
        from sandboxes.models import Sandbox

        await self.sync()
        return await Sandbox.objects.select_related("lock", "account").aget(sandbox_id=sandbox_id, account=self.account)

    async def sync(self):
        from events.observe import sync

        return await sync(self.account)


@pytest.fixture
def backend(transactional_db, mailbox, simulator):
    """An empty simulated backend, the account `prod` at it, and the heartbeat of our own API."""
    from events.writing import context
    from sandboxes.models import Account, AccountHealth, Heartbeat, Policy, Price

    context.forget()
    Policy.objects.all().delete()
    rates = {"usd_per_vcpu_second": Decimal("0.000014"), "usd_per_gib_second": Decimal("0.0000045")}
    Price.objects.get_or_create(since=datetime(2023, 1, 1, tzinfo=UTC), defaults=rates)
    # The account's brake has tests of its own: these let policies do all they want.
    free = {"actions": "policies", "brake": {"per_hour": 10_000, "per_day": 10_000}}
    account = Account.objects.create(name="prod", url=simulator.url, api_key=DEFAULT_API_KEY, **free)
    AccountHealth.objects.create(account=account)
    now = datetime.now(UTC)
    Heartbeat.objects.update_or_create(name="api", defaults={"at": now, "up_since": now - timedelta(days=1)})
    yield Backend(simulator.url, account, simulator.simulator)
    context.forget()


@pytest.fixture
def kills(monkeypatch):
    """The IDs of all sandboxes for which a DELETE has left the stack, in order."""
    from sandboxes.e2b import E2BClient

    sent, kill = [], E2BClient.kill

    async def counted(self, sandbox_id, **given):
        sent.append(sandbox_id)
        return await kill(self, sandbox_id, **given)

    monkeypatch.setattr(E2BClient, "kill", counted)
    return sent
