"""Something expensive that the tests of one folder share: made by the first that asks, ended after the last of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedByFolder(Generic[T]):
    """Made and ended again where other tests come between: what stands must not slow those down."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._standing = ExitStack()
        self._made: list[T] = []

    def get(self, make: Callable[[], AbstractContextManager[T]]) -> T:
        """The one that stands, else a new one."""
        if not self._made:
            self._made.append(self._standing.enter_context(make()))
        return self._made[0]

    def end_unless_needed(self, upcoming: Path | None) -> None:
        """To be told of each test's end in the folder, and of where the next test is (None: the run is over)."""
        if upcoming is None or self._folder not in upcoming.parents:
            self._made.clear()
            self._standing.close()
