"""What came of one try to send. Pure."""

from dataclasses import dataclass
from typing import Final

from sandboxes.base import masking

MOST_ANSWER: Final = 300
MOST_ERROR: Final = 500


@dataclass(frozen=True)
class Outcome:
    """`error` is empty for what arrived; `final`: refused for good, or never to be tried again.

    `answer` is what the other side said, `retry_after` the seconds it asked to be left alone for.
    """

    error: str = ""
    answer: str = ""
    final: bool = False
    retry_after: float | None = None

    @property
    def arrived(self) -> bool:
        """Whether the other side has taken it."""
        return not self.error


def arrived(answer: str) -> Outcome:
    """It was taken."""
    return Outcome(answer=shown(answer, MOST_ANSWER))


def passing(error: str, answer: str = "", retry_after: float | None = None) -> Outcome:
    """It may work later."""
    return Outcome(shown(error, MOST_ERROR), shown(answer, MOST_ANSWER), retry_after=retry_after)


def refused(error: str, answer: str = "") -> Outcome:
    """It will never work like this."""
    return Outcome(shown(error, MOST_ERROR), shown(answer, MOST_ANSWER), final=True)


def shown(text: str, most: int) -> str:
    """One line of what another side wrote: without secrets and control characters, and short."""
    printable = "".join(one if one.isprintable() else " " for one in text[: 8 * most])
    line = " ".join(masking.mask(printable).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
