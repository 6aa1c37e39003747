"""One per web process: joins the live group once, keeps the fleet, and wakes the browsers that show what moved.

Pages that see all accounts share one picture of the fleet; those that see some have one for each such set, made when
the first of them opens and dropped with the last. What is in no picture of theirs can't reach them.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
import redis
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import Error as DatabaseError

from dashboard.live import snapshot
from dashboard.live.browser import Browser
from dashboard.live.fleet import LiveFleet, frame_of
from dashboard.live.messages import Messages
from dashboard.live.sequence import Sequence
from sandboxes.core import database_away
from sandboxes.core.background import Background
from sandboxes.core.live import FORMAT, GROUP

REFRESH_SECONDS: Final = 300.0
RETRY_SECONDS: Final = 2.0
WATCH_SECONDS: Final = 1.0
STATUS_TIMES: Final = frozenset({"last_sync_at", "last_poll_at", "poll_seconds"})
log = logging.getLogger(__name__)
_decode = msgspec.msgpack.Decoder().decode


class Hub:
    """Started and stopped with the process (config.asgi); everything here runs on its one event loop."""

    def __init__(self) -> None:
        self.browsers: set[Browser] = set()
        self.messages = Messages(LiveFleet(), time.time())  # of all accounts
        self._parts: dict[frozenset[int], Messages] = {}  # of some
        self._sequence = Sequence()
        self._background = Background()
        self._reload = asyncio.Event()
        self._meanwhile: list[dict[str, Any]] | None = None  # what comes while a snapshot is read
        self._strangers: set[int] = set()
        self._is_news = True  # of the message that is being applied: whether browsers are woken for it

    async def start(self) -> None:
        """Begins to listen, and to keep the picture fresh."""
        self._reload = asyncio.Event()
        self._reload.set()
        for name, work in self._jobs().items():
            self._background.start(name, work)

    async def stop(self) -> None:
        """Ends all of that."""
        await self._background.stop()

    def _jobs(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "live messages": self._listen,
            "live snapshot": self._keep_fresh,
            "live gaps": self._watch,
        }

    def join(self, browser: Browser) -> None:
        """It is sent what it sees; the first that sees just those accounts has to wait until they are read."""
        self.browsers.add(browser)
        if browser.seen is not None and browser.seen not in self._parts:
            self._reload.set()
        browser.wake.set()

    def leave(self, browser: Browser) -> None:
        self.browsers.discard(browser)
        if browser.seen is not None and browser.seen not in self._seen():
            self._parts.pop(browser.seen, None)

    def messages_for(self, browser: Browser) -> Messages | None:
        """Of the accounts that it sees; None until they are read."""
        return self.messages if browser.seen is None else self._parts.get(browser.seen)

    def _seen(self) -> set[frozenset[int]]:
        return {one.seen for one in self.browsers if one.seen is not None}

    def take(self, message: dict[str, Any]) -> None:
        """Applies one live message and wakes whom it concerns."""
        now = time.time()
        if not self._sequence.note(message["epoch"], message["number"], now):
            self._reload.set()
        if message.get("format") != FORMAT:  # of another version: what it means is in the record
            self._reload.set()
            return
        if self._meanwhile is not None:
            self._meanwhile.append(message)
        self._is_news = True
        touched, actions = self._apply(message)
        self.messages.refresh(now)
        for part in self._parts.values():
            _apply_to_part(part.fleet, message)
            part.refresh(now)
        if not self._is_news:
            return
        for browser in self.browsers:
            if browser.seen is None or message["kind"] == "freeze" or message["account"] in browser.seen:
                browser.concerns(touched, actions)

    def _apply(self, message: dict[str, Any]) -> tuple[set[int], list[Any]]:
        """Which sandboxes it touched, and the actions it told of. An account we do not know calls for a fresh look."""
        fleet, account = self.messages.fleet, message["account"]
        if message["kind"] == "freeze":  # of all accounts
            self._freeze(_decode(message["body"])["at"])
            return set(), []
        if fleet.accounts is not None and account not in fleet.accounts:
            self._stranger(account)
            return set(), []
        body = _decode(message["body"])
        if message["kind"] == "status":
            self._is_news = _without_times(body) != _without_times(fleet.status.get(account, {}))
        elif message["kind"] == "action":
            return set(), body["items"]
        return apply(fleet, message["kind"], account, body), []

    def _freeze(self, at: float | None) -> None:
        """Policies were frozen, or are no longer: then every pending action has another time, which the record has."""
        if at is None and self.messages.fleet.frozen_at is not None:
            self._reload.set()
        self.messages.fleet.frozen_at = at

    def _stranger(self, account: int) -> None:
        """A new account, or one that is out of sight: the snapshot knows, asked once for each."""
        if account not in self._strangers:
            self._strangers.add(account)
            self._reload.set()

    async def _listen(self) -> None:
        """Receives for as long as the process lives; after a broken connection it joins anew and reads all again."""
        layer = get_channel_layer()
        while True:
            try:
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                self._reload.set()
                while True:
                    self._take_or_look_anew(await layer.receive(channel))
            except (OSError, redis.RedisError) as error:
                log.warning("the live stream broke off, trying again: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    def _take_or_look_anew(self, message: dict[str, Any]) -> None:
        """A message that cannot be read must not end the stream: it is told in the log, and the record is asked."""
        try:
            self.take(message)
        except Exception:  # whatever it was: another version's message may hold anything
            log.exception("a live message could not be read")
            self._reload.set()

    async def _keep_fresh(self) -> None:
        """Reads the whole picture when something was lost, and every few minutes in any case."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reload.wait(), REFRESH_SECONDS)
            self._reload.clear()
            self._meanwhile = []
            try:
                self._replace(*await database_sync_to_async(_read)(self._seen()))
            except (DatabaseError, *database_away.ERRORS) as error:
                log.warning("the fleet could not be read, trying again: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                self._reload.set()
            except Exception:
                self._reload.set()  # it is started again, and then reads again
                raise
            finally:
                self._meanwhile = None

    def _replace(self, fleet: LiveFleet, parts: Mapping[frozenset[int], LiveFleet] = MappingProxyType({})) -> None:
        """The new pictures, and on them what came while they were read: twice does no harm, lost would.

        A message that can't be applied was told when it came, and has asked for another picture.
        """
        self.messages = Messages(fleet, time.time())
        self._parts = {seen: Messages(part, time.time()) for seen, part in parts.items()}
        for message in self._meanwhile or []:
            with contextlib.suppress(Exception):
                self._apply(message)
                for part in self._parts.values():
                    _apply_to_part(part.fleet, message)
        if self._seen() - self._parts.keys():
            self._reload.set()  # somebody came while it was read
        for browser in self.browsers:
            browser.forget()
            browser.wake.set()

    async def _watch(self) -> None:
        """A number that stays away for two seconds is a lost message."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._sequence.lost(time.time()):
                self._reload.set()


def apply(fleet: LiveFleet, kind: str, account: int, body: Mapping[str, Any]) -> set[int]:
    """What one account's message of the sandboxes changes in a picture; the keys of those that moved."""
    match kind:
        case "frame":
            fleet.apply_frame(account, body["shard"], frame_of(body), body.get("shards", 1))
        case "change":
            return fleet.apply_change(account, body["sandboxes"])
        case "verdict":
            return fleet.apply_verdict(body["orphans"], body["cleared"])
        case "status":
            fleet.status[account] = body
        case other:
            log.warning("a live message of an unknown kind: %s", other)
    return set()


def _apply_to_part(fleet: LiveFleet, message: Mapping[str, Any]) -> None:
    """The same for the picture of some accounts: what is of another one never gets into it."""
    if message["kind"] == "freeze":
        fleet.frozen_at = _decode(message["body"])["at"]
    elif message["kind"] != "action" and message["account"] in (fleet.accounts or ()):
        apply(fleet, message["kind"], message["account"], _decode(message["body"]))


def _read(parts: Iterable[frozenset[int]]) -> tuple[LiveFleet, dict[frozenset[int], LiveFleet]]:
    return snapshot.read(), {seen: snapshot.read(seen) for seen in parts}


def _without_times(status: Mapping[str, Any]) -> dict[str, Any]:
    """That all went well once more goes with the next frame: to wake every browser for it costs each a message."""
    return {name: value for name, value in status.items() if name not in STATUS_TIMES}


hub = Hub()
