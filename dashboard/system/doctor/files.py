"""The data folder: who may read it, and how much room it has."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from dashboard.system.doctor.finding import Finding
from sandboxes.core import disk as disk_space
from sandboxes.core.crypto import KEY_FILE_NAME

OTHERS: Final = 0o077
PRIVATE: Final = (KEY_FILE_NAME, "secret_key", "run", "postgres")


def permissions() -> Iterator[Finding]:
    """Whether only the user that we run as can read keys, sockets and the database's files."""
    home = Path(settings.DATA_DIR)
    if not home.is_dir():
        yield Finding("permissions", "failed", f"{home} is not there", "Start Sandwarden once, or set DATA_DIR.")
        return
    open_ones = [path for path in (home / name for name in PRIVATE) if _open_to_others(path)]
    if open_ones:
        names = " ".join(map(str, open_ones))
        yield Finding("permissions", "failed", f"others can read {names}", f"chmod go-rwx {names}")
    else:
        yield Finding("permissions", "ok", f"keys and sockets in {home} are this user's alone")


def disk() -> Iterator[Finding]:
    """Room on the disk of DATA_DIR: the database stops when there is none."""
    room = disk_space.space()
    says = str(room)
    if room.is_full:
        yield Finding("disk", "failed", says, "Free space now: PostgreSQL is about to stop.")
    elif room.is_low:
        yield Finding("disk", "warning", says, "Free space, or give DATA_DIR a larger disk.")
    else:
        yield Finding("disk", "ok", says)


def _open_to_others(path: Path) -> bool:
    return path.exists() and bool(stat.S_IMODE(path.stat().st_mode) & OTHERS)
