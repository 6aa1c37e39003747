"""Accounts that are read, rules, a channel, and rounds of judging at a time of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from sandboxes.alerts import book, judging
from sandboxes.alerts.rules import parse
from sandboxes.models import Account, AccountHealth, Alert, AlertClock, AlertRule, Channel, Notification
from tests.support import records

BEGAN = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Judged:
    """Our time, moved by the test, and what was told."""

    def __init__(self, moves: time_machine.Traveller) -> None:
        self._moves = moves

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def account(self, name: str = "prod", **fields: Any) -> Account:
        """One that is read all the time, and is no longer new."""
        made = records.account(name, **fields)
        Account.objects.filter(pk=made.pk).update(created_at=BEGAN - timedelta(days=30))
        AccountHealth.objects.create(account=made, last_sync_at=self.now(), last_poll_at=self.now(), reachable=True)
        made.refresh_from_db()
        return made

    def rule(self, kind: str = "running", **fields: Any) -> AlertRule:
        """A rule that is no longer new, told on the channel `hook`."""
        given = {"name": kind, "kind": kind, "channels": ["hook"], **fields}
        made = book.write(parse(given))
        AlertRule.objects.filter(pk=made.pk).update(records_until=BEGAN - timedelta(days=1))
        made.refresh_from_db()
        return made

    def rounds(self, count: int = 1, *, read: bool = True, seconds: float = 10) -> None:
        """So many rounds; between them accounts without an error are read."""
        for _ in range(count):
            self._moves.shift(timedelta(seconds=seconds))
            if read:
                fine = AccountHealth.objects.filter(sync_error="")
                fine.update(last_sync_at=self.now(), last_poll_at=self.now())
            assert judging.judge_all()

    def fails(self, account: Account, error: str = "GET /v2/sandboxes answered 503") -> None:
        """Its list can't be read from now on."""
        at = self.now().isoformat()
        AccountHealth.objects.filter(account=account).update(
            sync_error=error, sync_failed_at=self.now(), round_errors={"sync": {"error": error, "since": at, "at": at}}
        )

    def works(self, account: Account) -> None:
        """It can be read again."""
        AccountHealth.objects.filter(account=account).update(
            sync_error="", round_errors={}, last_sync_at=self.now(), last_poll_at=self.now()
        )

    @staticmethod
    def told() -> list[tuple[str, str]]:
        """Types and sentences, in order."""
        return [(one.type, one.data["text"]) for one in Notification.objects.order_by("created_at", "id")]

    @staticmethod
    def alert() -> Alert:
        return Alert.objects.get()


@contextmanager
def judged() -> Iterator[Judged]:
    """Long after our start, with the shipped rules off and a channel."""
    AlertRule.objects.all().delete()
    with time_machine.travel(BEGAN, tick=False) as moves:
        AlertClock.objects.create(pk=1, started_at=BEGAN - timedelta(days=1))
        events = ["alert.firing", "alert.acknowledged", "alert.resolved"]
        Channel.objects.create(name="hook", kind="webhook", url="http://127.0.0.1:9/", events=events)
        yield Judged(moves)
