"""What a browser is sent, as compact JSON: only what its page shows, and only what it does not have yet."""

import base64
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import asdict

from dashboard.live import figures
from dashboard.live.fleet import Cell, LiveFleet
from dashboard.live.shapes import (
    Columns,
    Figures,
    FleetMessage,
    FrameMessage,
    Roster,
    Sample,
    SandboxMessage,
    Values,
)

NO_SAMPLE: Final = 255
NEVER: Final = -1
ENDED_HEADS_HELD: Final = 1_000
ORPHAN: Final = {"none": "n", "candidate": "c", "marked": "m", "condemned": "x"}
LATEST_SECONDS: Final = 1  # by which the time in a message may be behind: pages set their clock by it
COUNTED_SECONDS: Final = 2  # while no sandbox moves: only what ends soon and what came lately moves with the clock
encode = msgspec.json.Encoder().encode


class Messages:
    """Builds messages and keeps each until the fleet moves on: 500 browsers on one page cost one build."""

    def __init__(self, fleet: LiveFleet, now: float) -> None:
        self.fleet = fleet
        self._usage = figures.Usage()
        self._used: tuple[int, dict[str, Any]] = (-1, {})
        self._counts: tuple[tuple[int, int], dict[str, Any]] = ((-1, -1), {})
        self._heads: dict[int, tuple[int, bytes]] = {}  # what of a row only moves with its cell, by the cell's version
        self._rows_now: dict[int, bytes] = {}  # those looked at since the fleet last moved
        self._kept: dict[tuple[int, int], bytes] = {}
        self._now = now
        self._told: msgspec.Raw | None = None
        self._moved: dict[tuple[int, int], frozenset[int] | None] = {}

    def refresh(self, now: float) -> None:
        """To be called after each change of the fleet: what was built is out of date. Nothing is built until asked."""
        self._now = now
        self._kept.clear()
        self._rows_now.clear()
        self._told = None
        self._moved.clear()
        if len(self._heads) > len(self.fleet.cells) + ENDED_HEADS_HELD:  # of sandboxes that ended unseen
            self._heads = {key: head for key, head in self._heads.items() if key in self.fleet.cells}

    def keep_time(self, now: float) -> None:
        """To be called before messages are taken: while nothing comes from Redis the time that they say still moves."""
        if now - self._now > LATEST_SECONDS:
            self._now = now
            self._kept.clear()
            self._told = None

    @property
    def _summary(self) -> msgspec.Raw:
        """Already JSON: it is a part of every message."""
        if self._told is None:
            self._told = msgspec.Raw(encode(self._summarise()))
        return self._told

    def _summarise(self) -> Figures:
        if self._used[0] != self.fleet.frame_version:
            self._used = (self.fleet.frame_version, self._usage.told(self.fleet))
        counted_at = self.fleet.version, int(self._now / COUNTED_SECONDS)
        if self._counts[0] != counted_at:
            self._counts = (counted_at, figures.counts(self.fleet, self._now))
        frames = self.fleet.frames.values()
        status: dict[str, Any] = {str(account): dict(told) for account, told in self.fleet.status.items()}
        return Figures(
            now=self._now,
            at=max((frame.at for frame in frames), default=None),
            took=max((frame.took for frame in frames), default=None),
            frozen_at=self.fleet.frozen_at,
            status=status,
            **self._used[1],
            **self._counts[1],
        )

    def fleet_page(self, roster_version: int, frame_version: int) -> bytes:
        """Figures; cells that came, changed or left since `roster_version`; each cell's CPU and memory when new."""
        asked = (roster_version, frame_version)
        if asked not in self._kept:
            self._kept[asked] = encode(self._fleet_page(*asked))
        return self._kept[asked]

    def _fleet_page(self, roster_version: int, frame_version: int) -> FleetMessage:
        message = FleetMessage(self._summary)
        if roster_version != self.fleet.version or frame_version < 0:
            message.roster = self._roster(roster_version)
        if frame_version != self.fleet.frame_version or message.roster is not msgspec.UNSET:
            message.values = values(self.fleet)
        return message

    def _roster(self, version: int) -> Roster:
        moved = self.fleet.since(version)
        if moved is None:
            return Roster(full=True, **asdict(columns(list(self.fleet.cells.values()))))
        gone, cells = moved
        return Roster(full=False, gone=gone, **asdict(columns(cells)))

    def rows(self, rows: Iterable[bytes], sparks: Iterable[int]) -> bytes:
        """A `RowsMessage`: of `rows` (from `row`) those that moved; the last quarter of an hour of `sparks`."""
        told = encode({str(key): self.fleet.spark(key) for key in sparks})
        return b'{"kind":"rows","figures":%b,"rows":[%b],"sparks":%b}' % (self._summary, b",".join(rows), told)

    def moved(self, since: tuple[int, int]) -> frozenset[int] | None:
        """The keys whose rows may have moved since those versions (roster, frames); None: any."""
        if since not in self._moved:
            self._moved[since] = self.fleet.moved_since(*since)
        return self._moved[since]

    def row(self, key: int) -> bytes:
        """A row as it is now, made once for all who show it: the same object while nothing in it can have moved."""
        told = self._rows_now.get(key)
        if told is None:
            told = self._rows_now[key] = self._row(key)
        return told

    def _row(self, key: int) -> bytes:
        """A `Row`. Thousands are made of each frame: only the figures are written anew."""
        cell = self.fleet.cells.get(key)
        if cell is None:
            self._heads.pop(key, None)
            return encode([key, "ended"])
        version, head = self._heads.get(key, (NEVER, b""))
        if version != cell.version:
            head = encode([key, cell.state, cell.orphan, cell.act_at, cell.end_at])[:-1]
            self._heads[key] = cell.version, head
        sample = self.fleet.sample(key)
        if sample is None:
            return head + b",null,null,null]"
        _, cpu, used, total, _ = sample
        return b"%b,%b,%d,%d]" % (head, encode(cpu), used, total)

    def sandbox(self, key: int, *, changed: bool) -> bytes:
        """One sandbox's newest sample; `changed`: its record, events or actions moved, the page asks for them."""
        cell = self.fleet.cells.get(key)
        told = self.fleet.sample(key)
        state = cell.state if cell else "ended"
        return encode(SandboxMessage(self._summary, state, Sample(*told) if told else None, changed))

    def frame_only(self) -> bytes:
        """For a page that shows nothing live but the frame around it."""
        return encode(FrameMessage(self._summary))


def columns(cells: Sequence[Cell]) -> Columns:
    """Cells as columns; words that repeat (template, owner, environment) are numbers into `words`."""
    words: dict[str, int] = {}
    number = partial(_number, words)
    return Columns(
        key=[cell.key for cell in cells],
        id=[cell.id for cell in cells],
        template=[number(cell.template) for cell in cells],
        owner=[number(cell.owner) for cell in cells],
        environment=[number(cell.environment) for cell in cells],
        state=[cell.state[0] for cell in cells],
        orphan=[ORPHAN[cell.orphan] for cell in cells],
        created=[round(cell.created_at) for cell in cells],
        burn=[round(cell.burn, 4) for cell in cells],
        cpus=[cell.cpu_count for cell in cells],
        memory=[cell.memory_mb for cell in cells],
        words=list(words),
    )


def values(fleet: LiveFleet) -> Values:
    """CPU and memory of every cell in the order of the roster, one byte each (percent; 255: no sample), base64."""
    cpu = bytearray([NO_SAMPLE]) * len(fleet.cells)
    mem = bytearray([NO_SAMPLE]) * len(fleet.cells)
    places = {key: place for place, (key, cell) in enumerate(fleet.cells.items()) if cell.state == "running"}
    for frame in fleet.frames.values():
        for key, age, cpu_now, used, total in zip(
            frame.keys, frame.ages, frame.cpu, frame.mem, frame.mem_total, strict=True
        ):
            place = places.get(key)
            if place is not None and age >= 0:
                cpu[place] = min(100, round(cpu_now / 100))
                mem[place] = min(100, round(100 * used / total)) if total else 0
    return Values(base64.b64encode(cpu).decode(), base64.b64encode(mem).decode())


def _number(words: dict[str, int], word: str) -> int:
    return words.setdefault(word, len(words))
