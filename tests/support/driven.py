"""Our rooms, their backend and Redis on one driven clock, in one process: for what takes days. Nothing sleeps."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import time_machine
from asgiref.sync import async_to_sync

from dashboard.system import heartbeat
from events import observe, own_acts
from events.writing import context
from sandboxes.actions import sending
from sandboxes.cleanup import reaper
from sandboxes.models import Account, AccountHealth, Heartbeat
from simulator import DEFAULT_API_KEY, ManualClock, Simulator, empty
from simulator.options import Options
from simulator.served import served
from tests.support import ageing, records

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Driven:
    """A simulated backend that the account `prod` watches, whose time and ours move together, and only by `run`."""

    def __init__(self, moves: time_machine.Traveller, simulator: Simulator, account: Account) -> None:
        self._moves, self.simulator, self.account = moves, simulator, account

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    @property
    def age(self) -> timedelta:
        """How much time has passed since START."""
        return self.now() - START

    def run(self, until: timedelta, every: timedelta) -> None:
        """Rounds at this interval until so long after START."""
        while self.age < until:
            self.pass_time(min(every, until - self.age))
            self.round()

    def pass_time(self, span: timedelta) -> None:
        """Moves all three clocks, and nothing else happens on our side."""
        self._moves.shift(span)
        self.simulator.advance(span.total_seconds())
        ageing.time_passes(span)

    def round(self) -> None:
        """A heartbeat, a list, the reaper, what is due to be sent, and what was answered to that."""
        Heartbeat.objects.update(at=self.now())  # it beat all the while: owners could renew their leases
        heartbeat.beat(self.now())
        async_to_sync(observe.sync)(self.account)
        async_to_sync(reaper.run_all)()
        async_to_sync(sending.send_due)()
        async_to_sync(own_acts.take_in)()


@contextmanager
def driven(options: Options | None = None) -> Iterator[Driven]:
    """From START on, with an account whose policies may do all they want. Needs an empty Redis and database.

    The backend begins without a sandbox, or as `options` say.
    """
    context.forget()
    clock = ManualClock(START.timestamp())
    with time_machine.travel(START, tick=False) as moves, served(options or empty(), clock) as backend:
        account = records.account(
            "prod", url=backend.url, api_key=DEFAULT_API_KEY, brake={"per_hour": 10_000, "per_day": 10_000}
        )
        AccountHealth.objects.create(account=account)
        records.price()
        yield Driven(moves, backend.simulator, account)
    context.forget()
