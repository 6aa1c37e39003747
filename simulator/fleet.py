"""Which sandboxes there are: the living in the order of their start, the dead for as long as their samples last."""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator

from simulator.sandbox import Sandbox

Key = tuple[float, str]

DEAD_KEPT_SECONDS = 7 * 86_400
# A bound on memory, a kilobyte or two each.
_DEAD_KEPT = 60_000


class Fleet:
    """The sandboxes by ID and by start; nothing here changes one, it only finds them."""

    def __init__(self) -> None:
        self._alive: dict[str, Sandbox] = {}
        self._dead: OrderedDict[str, Sandbox] = OrderedDict()
        self._order: list[Key] = []
        self.hidden: set[str] = set()

    def __len__(self) -> int:
        return len(self._alive)

    def __iter__(self) -> Iterator[Sandbox]:
        return iter(self._alive.values())

    def alive(self, sandbox_id: str) -> Sandbox | None:
        """The living sandbox of that ID, or None."""
        return self._alive.get(sandbox_id)

    def known(self, sandbox_id: str) -> Sandbox | None:
        """The sandbox of that ID, living or dead within the last seven days, or None."""
        return self._alive.get(sandbox_id) or self._dead.get(sandbox_id)

    def add(self, sandbox: Sandbox) -> None:
        self._alive[sandbox.id] = sandbox
        insort(self._order, (sandbox.started, sandbox.id))

    def restarted(self, sandbox: Sandbox, before: float) -> None:
        """Move the sandbox, whose last run began at `before`, to the place of its new start."""
        self._take_out((before, sandbox.id))
        insort(self._order, (sandbox.started, sandbox.id))

    def bury(self, sandbox: Sandbox, at: float) -> None:
        """The sandbox died at `at`."""
        del self._alive[sandbox.id]
        self._take_out((sandbox.started, sandbox.id))
        self._dead[sandbox.id] = sandbox
        self._forget(at)

    def by_start(self, after: Key | None, *, newest_first: bool) -> Iterator[Sandbox]:
        """The listed sandboxes by start, from the place just past `after` on; hidden ones are left out."""
        order = self._order
        if newest_first:
            keys = reversed(order if after is None else order[: bisect_left(order, after)])
        else:
            place = 0 if after is None else bisect_left(order, after)
            place += after is not None and place < len(order) and order[place] == after
            keys = iter(order[place:])
        for _, sandbox_id in keys:
            if sandbox_id not in self.hidden:
                yield self._alive[sandbox_id]

    def _take_out(self, key: Key) -> None:
        place = bisect_left(self._order, key)
        if place < len(self._order) and self._order[place] == key:
            del self._order[place]

    def _forget(self, now: float) -> None:
        while self._dead:
            oldest = next(iter(self._dead.values()))
            young = oldest.died is None or oldest.died > now - DEAD_KEPT_SECONDS
            if young and len(self._dead) <= _DEAD_KEPT:
                return
            self._dead.popitem(last=False)
