"""One open page: what it shows, what it already has, and the one slot that a slow connection is allowed."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from dashboard.live.messages import Messages, encode
from dashboard.live.shapes import ActionsMessage, Said, Show

MAX_ROWS: Final = 1000
MAX_ACTIONS: Final = 50
NOTHING_YET: Final = -1


@dataclass(eq=False)
class Browser:
    """`wake` is set when there may be something new, `asked` when the page waits for it; what happened meanwhile is one
    message then."""

    user: str
    seen: frozenset[int] | None = None  # the accounts that this page sees; None: all
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    show: Show = field(default_factory=lambda: Show("none"))
    hidden: bool = False
    changed: bool = False
    actions: deque[Any] = field(default_factory=lambda: deque(maxlen=MAX_ACTIONS))
    has_roster: int = NOTHING_YET
    has_frame: int = NOTHING_YET
    has_sparks: set[int] = field(default_factory=set)
    has_rows: dict[int, bytes] = field(default_factory=dict)

    def heard(self, text: str) -> None:
        """Takes what the page says. Raises msgspec.MsgspecError for what is none of ours."""
        said = msgspec.json.decode(text, type=Said)
        if said.hidden is not None:
            self.hidden = said.hidden
        if said.show is not None:
            moved = said.show.page != self.show.page
            self.show = msgspec.structs.replace(said.show, rows=said.show.rows[:MAX_ROWS])
            if moved:
                self.forget()
            shown = set(self.show.rows)
            self.has_rows = {key: row for key, row in self.has_rows.items() if key in shown}
        self.asked.set()
        self.wake.set()

    def forget(self) -> None:
        """The next message is whole again."""
        self.has_roster = self.has_frame = NOTHING_YET
        self.has_sparks.clear()
        self.has_rows.clear()

    def concerns(self, keys: set[int], actions: list[Mapping[str, Any]]) -> None:
        """Notes what happened to sandboxes that this page shows, and its own user's actions."""
        if self.show.sandbox in keys or any(item["sandbox_key"] == self.show.sandbox for item in actions):
            self.changed = True
        me = {"kind": "user", "name": self.user}
        self.actions.extend(item for item in actions if item["actor"] == me)
        self.wake.set()

    def messages(self, made: Messages) -> list[bytes]:
        """What it is to be sent now; nothing while hidden."""
        if self.hidden:
            return []
        out = [encode(ActionsMessage([*self.actions]))] if self.actions else []
        self.actions.clear()
        return [*out, self._page(made)]

    def _page(self, made: Messages) -> bytes:
        fleet = made.fleet
        if self.show.page == "fleet":
            message = made.fleet_page(self.has_roster, self.has_frame)
            self.has_roster, self.has_frame = fleet.version, fleet.frame_version
            return message
        if self.show.page == "sandboxes":
            return self._rows(made)
        if self.show.page == "sandbox" and self.show.sandbox is not None:
            changed, self.changed = self.changed, False
            return made.sandbox(self.show.sandbox, changed=changed)
        return made.frame_only()

    def _rows(self, made: Messages) -> bytes:
        """A tick comes in parts: each time only the rows that it moved are sent."""
        fresh = [key for key in self.show.rows if key not in self.has_sparks]
        self.has_sparks.update(fresh)
        known, moved = self.has_rows, made.moved((self.has_roster, self.has_frame))
        self.has_roster, self.has_frame = made.fleet.version, made.fleet.frame_version
        asked = [key for key in self.show.rows if moved is None or key in moved or key not in known]
        now = {key: made.row(key) for key in asked}
        changed = [row for key, row in now.items() if known.get(key) != row]
        known.update(now)
        return made.rows(changed, fresh)
