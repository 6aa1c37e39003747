"""How much room is left on the disk of DATA_DIR, where the embedded database and its log lie."""

import shutil
from dataclasses import dataclass
from typing import Final

from django.conf import settings

GIB: Final = 1 << 30
# A day of a thousand sandboxes takes some hundreds of MB: what is left at LOW is time to act, at FULL it is not.
LOW_SHARE, LOW_BYTES = 0.10, 5 * GIB
FULL_BYTES: Final = GIB // 4


@dataclass(frozen=True)
class Space:
    """Bytes free and in all."""

    free: int
    total: int

    def __str__(self) -> str:
        return f"{self.free / GIB:.1f} GiB of {self.total / GIB:.0f} GiB free"

    @property
    def is_low(self) -> bool:
        """Under 10%, and under 5 GiB."""
        return self.free < min(LOW_BYTES, LOW_SHARE * self.total)

    @property
    def is_full(self) -> bool:
        """So little that PostgreSQL is about to stop."""
        return self.free < FULL_BYTES


def space() -> Space:
    """Now. Raises OSError when DATA_DIR can't be looked at."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    return Space(usage.free, usage.total)
