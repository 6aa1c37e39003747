"""Whether a live message was lost: messages are numbered in an epoch, and two publishers may cross each other. Pure."""

from typing import Final

PATIENCE_SECONDS: Final = 2.0


class Sequence:
    """Notes the numbers that came; one that stays away for two seconds, or a new epoch, means something is lost."""

    def __init__(self) -> None:
        self._epoch = ""
        self._highest = 0
        self._missing: dict[int, float] = {}

    def note(self, epoch: str, number: int, now: float) -> bool:
        """False when the epoch is new to us (then all before it is unknown), else True."""
        if epoch != self._epoch:
            fresh = self._epoch == ""
            self._epoch, self._highest = epoch, number
            self._missing.clear()
            return fresh
        for skipped in range(self._highest + 1, number):
            self._missing[skipped] = now
        self._missing.pop(number, None)
        self._highest = max(self._highest, number)
        return True

    def lost(self, now: float) -> bool:
        """Whether a number is overdue; asking forgets it, since the answer is a fresh snapshot."""
        if any(now - since > PATIENCE_SECONDS for since in self._missing.values()):
            self._missing.clear()
            return True
        return False
