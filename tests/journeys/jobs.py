"""The jobs that people come for: each says who wants what, and how it is done on the pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.journeys.walker import Walker

Way = Callable[[Walker], None]


@dataclass(frozen=True)
class Job:
    """`is_core`: CI walks it too. `on_call`: it is walked in every mode. `keys_only`: it has no pointer."""

    name: str
    who: str
    way: Way
    is_core: bool = False
    on_call: bool = False
    keys_only: bool = False

    @property
    def id(self) -> str:
        """As pytest names it."""
        return self.way.__name__


WHO: Final = ("on call", "payer", "platform engineer", "administrator", "by keyboard")
JOBS: Final[list[Job]] = []


def job(
    who: str, name: str, *, core: bool = False, on_call: bool = False, keys_only: bool = False
) -> Callable[[Way], Way]:
    """Puts a way on the list of jobs."""

    def listed(way: Way) -> Way:
        JOBS.append(Job(name, who, way, core, on_call, keys_only))
        return way

    return listed
