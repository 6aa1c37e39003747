"""Where the servers' Unix sockets live: in the data folder, or in a short private one when that is too deep."""

import hashlib
import os
import re
import stat
from pathlib import Path

from runner.embedded.errors import StartError

LONGEST_NAME = ".s.PGSQL.5432"
PATH_LIMIT = 107  # bytes in sun_path, without its closing zero: unix(7)
PLAIN = re.compile(r"[A-Za-z0-9/._-]+")  # a comma or a space would need quoting in three different ways


def digest(home: Path) -> str:
    """A short name that is the same at every start for one data folder."""
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:12]


def folder(home: Path) -> Path:
    """The folder for the sockets of this data folder, the same at every start; does not create it."""
    inside = home / "run"
    if PLAIN.fullmatch(str(inside)) and len(os.fsencode(inside / LONGEST_NAME)) <= PATH_LIMIT:
        return inside
    return Path("/tmp") / f"sandwarden-{os.geteuid()}-{digest(home)}"  # noqa: S108 - checked by `make_private`


def make_private(path: Path) -> Path:
    """Creates the folder for us alone.

    Raises StartError when something else lies there that others could look into or have put in our way.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise StartError(f"{path} must be a folder that only this user can open: remove it and restart")
    return path
