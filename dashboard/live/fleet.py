"""The fleet as this process knows it: live sandboxes, newest frames, and what changed since which version. Pure."""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from sandboxes.base.naming import template_shown

LATEST_SECONDS: Final = 60  # by which a frame may come late; one older still was made after a clock was set back
HISTORY_SECONDS: Final = 900
HISTORY_STEP_SECONDS: Final = 14
CHANGES_KEPT: Final = 4096
Numbers: TypeAlias = "array[int]"
RATE_SECONDS: Final = 300
REASONS_SECONDS: Final = 3600


@dataclass(slots=True)
class Cell:
    """A live sandbox. Times are Unix seconds; `burn` is USD an hour; `act_at` is when its grace ends."""

    key: int
    id: str
    account: int
    template: str
    owner: str
    environment: str
    state: str
    created_at: float
    started_at: float
    end_at: float | None
    cpu_count: int | float
    memory_mb: int
    burn: float
    orphan: str = "none"
    act_at: float | None = None
    version: int = 0  # of the fleet, when it last came or changed


@dataclass(frozen=True, slots=True)
class Frame:
    """One tick of one shard, as polling publishes it; every array has one entry a sandbox, keys ascending."""

    at: float
    took: float
    keys: Numbers
    ages: Numbers
    cpu: Numbers
    mem: Numbers
    mem_total: Numbers
    disk: Numbers

    def position(self, key: int) -> int | None:
        """Where `key` stands, None when it is not in this frame or has no sample."""
        found = bisect_left(self.keys, key)
        if found < len(self.keys) and self.keys[found] == key and self.ages[found] >= 0:
            return found
        return None


@dataclass(frozen=True, slots=True)
class Ended:
    """That a sandbox ended, and E2B's word for why."""

    at: float
    reason: str


def frame_of(body: Mapping[str, Any]) -> Frame:
    """A frame from the body of a live message."""
    numbers = {name: array("i", body[name]) for name in ("keys", "ages", "cpu", "mem", "mem_total", "disk")}
    return Frame(at=body["at"], took=body.get("took", 0.0), **numbers)


def cell_of(account: int, row: Mapping[str, Any]) -> Cell:
    """A cell from one sandbox of a `change` message."""
    return Cell(
        key=row["key"],
        id=row["id"],
        account=account,
        template=template_shown(row.get("template_name"), row.get("alias"), row.get("template_id")),
        owner=row.get("owner") or "",
        environment=row.get("environment") or "",
        state=row["state"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        end_at=row.get("end_at"),
        cpu_count=row.get("cpu_count") or 0,
        memory_mb=row.get("memory_mb") or 0,
        burn=float(row.get("burn") or 0),
    )


class LiveFleet:
    """Applies live messages in the order they come; every one that changes a cell moves `version` on."""

    def __init__(
        self,
        cells: Iterable[Cell] = (),
        born: Mapping[int, float] = MappingProxyType({}),
        ended: Mapping[int, Ended] = MappingProxyType({}),
        accounts: frozenset[int] | None = None,
    ) -> None:
        self.accounts = accounts  # those in sight; None: any
        self.cells: dict[int, Cell] = {cell.key: cell for cell in cells}
        self.born: dict[int, float] = dict(born)
        self.ended: dict[int, Ended] = dict(ended)
        self.frames: dict[tuple[int, int], Frame] = {}
        self.layouts: dict[int, int] = {}  # in how many shards an account is polled
        self._coming: dict[int, tuple[int, dict[int, Frame]]] = {}
        self.history: dict[tuple[int, int], deque[tuple[float, Numbers, Numbers]]] = {}
        self.status: dict[int, Mapping[str, Any]] = {}
        self.frozen_at: float | None = None  # since when policies are frozen
        self.version = 0
        self.frame_version = 0
        self._framed: dict[tuple[int, int], int] = {}  # at which frame version each frame came
        self._changes: deque[tuple[int, int, bool]] = deque(maxlen=CHANGES_KEPT)  # version, key, left

    def apply_frame(self, account: int, shard: int, frame: Frame, shards: int = 1) -> None:
        """Keeps the newest frame of the shard; an older one that comes late is dropped, unless a clock was set back.

        When the number of shards has changed the new frames wait until all are there (or one comes a second time):
        then they take the place of the former ones together, so that no sandbox is missing or there twice.
        """
        if self.layouts.setdefault(account, shards) != shards:
            self._gather(account, shard, frame, shards)
            return
        known = self.frames.get((account, shard))
        if known and 0 <= known.at - frame.at < LATEST_SECONDS:
            return
        self.frames[account, shard] = frame
        self.frame_version += 1
        self._framed[account, shard] = self.frame_version
        self.remember(account, shard, frame.at, frame.keys, frame.cpu)

    def _gather(self, account: int, shard: int, frame: Frame, shards: int) -> None:
        if frame.at <= max((old.at for (of, _), old in self.frames.items() if of == account), default=0.0):
            return  # of the layout before this one, come late
        number, coming = self._coming.get(account, (shards, {}))
        if number != shards:
            coming = {}
        again = shard in coming
        coming[shard] = frame
        self._coming[account] = shards, coming
        if again or len(coming) == shards:
            del self._coming[account]
            self.frames = {place: old for place, old in self.frames.items() if place[0] != account}
            self.layouts[account] = shards
            for number, one in coming.items():
                self.apply_frame(account, number, one, shards)

    def remember(self, account: int, shard: int, at: float, keys: Numbers, cpu: Numbers) -> None:
        """Puts CPU by for the sparklines, one point each 15 s, as long as they look back."""
        past = self.history.setdefault((account, shard), deque())
        if not past or at - past[-1][0] >= HISTORY_STEP_SECONDS:
            past.append((at, keys, cpu))
        while past and at - past[0][0] > HISTORY_SECONDS:
            past.popleft()

    def apply_change(self, account: int, rows: Iterable[Mapping[str, Any]]) -> set[int]:
        """Sandboxes as they are now; returns the keys that moved. Verdicts stay with a cell that stays."""
        touched = set()
        for row in rows:
            cell = cell_of(account, row)
            known = self.cells.get(cell.key)
            touched.add(cell.key)
            self.born[cell.key] = cell.created_at
            if cell.state == "ended":
                self._end(cell.key, row)
                continue
            self.ended.pop(cell.key, None)
            if known:
                cell.orphan, cell.act_at = known.orphan, known.act_at
            self.cells[cell.key] = cell
            self._note(cell.key)
        return touched

    def apply_verdict(self, orphans: Iterable[Mapping[str, Any]], cleared: Iterable[int]) -> set[int]:
        """What the policies say now: `{key, state, act_at}` of each orphan, and the keys that are none any more."""
        touched = set()
        for verdict in [*orphans, *({"key": key, "state": "none"} for key in cleared)]:
            cell = self.cells.get(verdict["key"])
            if cell:
                cell.orphan, cell.act_at = verdict["state"], verdict.get("act_at")
                touched.add(cell.key)
                self._note(cell.key)
        return touched

    def since(self, version: int) -> tuple[list[int], list[Cell]] | None:
        """Keys that left and cells that came or changed after `version`; None when that is too long ago.

        A key that left and came back is in both: first taken out, then put in at the end, as it was here.
        """
        if version == self.version:
            return [], []
        if version > self.version or (self._changes and self._changes[0][0] > version + 1) or not self._changes:
            return None
        later = [(key, left) for number, key, left in self._changes if number > version]
        gone = list(dict.fromkeys(key for key, left in later if left))
        changed = {key for key, _ in later if key in self.cells}
        return gone, [self.cells[key] for key in sorted(changed, key=self._order(changed).__getitem__)]

    def moved_since(self, version: int, frame_version: int) -> frozenset[int] | None:
        """Keys that came, changed, left or have a new sample since those versions; None when that is too long ago."""
        told = self.since(version)
        if told is None or frame_version < 0:
            return None
        gone, cells = told
        later = [frame.keys for place, frame in self.frames.items() if self._framed[place] > frame_version]
        return frozenset(gone).union((cell.key for cell in cells), *later)

    def sample(self, key: int) -> tuple[float, float, int, int, int] | None:
        """Time of the sample, CPU percent, memory used and allocated, disk used (bytes) of the newest frame."""
        cell = self.cells.get(key)
        if cell is None or cell.state != "running":
            return None
        frame = self.frame_for(cell)
        at = frame.position(key) if frame else None
        if frame is None or at is None:
            return None
        used, total, disk = frame.mem[at] * 1024, frame.mem_total[at] * 1024, frame.disk[at] * 1024
        return frame.at - frame.ages[at], frame.cpu[at] / 100, used, total, disk

    def frame_for(self, cell: Cell) -> Frame | None:
        """The newest frame of the shard that this cell is polled in."""
        shards = self.layouts.get(cell.account)
        return self.frames.get((cell.account, cell.key % shards)) if shards else None

    def spark(self, key: int) -> list[int]:
        """CPU in whole percent over the last quarter of an hour, oldest first, -1 where there was no sample."""
        cell = self.cells.get(key)
        if cell is None:
            return []
        pasts = [past for (account, _), past in self.history.items() if account == cell.account and past]
        own = max((past for past in pasts if _holds(past[-1][1], key)), key=lambda past: past[-1][0], default=None)
        if own is None:
            return []
        # From before the number of shards changed: what other shards knew of it then.
        before = own[0][0] - HISTORY_STEP_SECONDS / 2
        other = [one for past in pasts if past is not own for one in past if one[0] < before and _holds(one[1], key)]
        return [_cpu_at(keys, cpu, key) for _, keys, cpu in (*sorted(other, key=lambda one: one[0]), *own)]

    def forget_old(self, now: float) -> None:
        """Births count for five minutes, endings for an hour: for the rates and the reasons."""
        self.born = {key: at for key, at in self.born.items() if now - at <= RATE_SECONDS}
        self.ended = {key: one for key, one in self.ended.items() if now - one.at <= REASONS_SECONDS}

    def _end(self, key: int, row: Mapping[str, Any]) -> None:
        """A later message may still correct when and why it ended."""
        self.ended[key] = Ended(row.get("ended_at") or 0.0, row.get("end_reason") or "unknown")
        if key in self.cells:
            del self.cells[key]
            self._note(key, left=True)

    def _note(self, key: int, *, left: bool = False) -> None:
        self.version += 1
        if not left:
            self.cells[key].version = self.version
        self._changes.append((self.version, key, left))

    def _order(self, keys: set[int]) -> dict[int, int]:
        """Where these stand among all cells."""
        return {key: place for place, key in enumerate(self.cells) if key in keys}


def _holds(keys: Numbers, key: int) -> bool:
    found = bisect_left(keys, key)
    return found < len(keys) and keys[found] == key


def _cpu_at(keys: Numbers, cpu: Numbers, key: int) -> int:
    found = bisect_left(keys, key)
    return round(cpu[found] / 100) if found < len(keys) and keys[found] == key else -1
