"""What the person chose through environment variables, read once."""

import logging
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner import env
from runner.embedded import StartError
from runner.supervisor.private_files import write_private

ROOT = Path(__file__).resolve().parent.parent.parent
FOR_MIGRATIONS_ALONE = ("MIGRATION_DATABASE_URL",)  # who has it could alter the audit
FOR_BOOTSTRAP_ALONE = ("E2B_API_KEY", "E2B_WEBHOOK_SECRET", "SANDWARDEN_ADMIN_PASSWORD", "SANDWARDEN_API_TOKEN")
log = logging.getLogger(__name__)
HARMLESS = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Choices:
    """`database_url` and `redis_url` are empty when the embedded servers are to be used."""

    home: Path
    host: str
    port: int
    database_url: str
    redis_url: str
    workers: int | None  # None: one process does all the work, until the fleet is large
    simulated: bool
    migration_database_url: str = ""

    @property
    def address(self) -> str:
        """Where a browser on this machine finds us."""
        return f"http://{self.local_host}:{self.port}"

    @property
    def local_host(self) -> str:
        """The host as an address: one that listens everywhere is reached on the loopback."""
        local = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"[{local}]" if ":" in local and not local.startswith("[") else local


def read() -> Choices:
    """Raises StartError, naming the variable, for a value that makes no sense."""
    if env.text("MIGRATION_DATABASE_URL") and not env.text("DATABASE_URL"):
        raise StartError("MIGRATION_DATABASE_URL needs a DATABASE_URL of another role beside it")
    return Choices(
        home=env.data_dir(ROOT),
        host=env.text("HOST", "127.0.0.1"),
        port=_whole("PORT", 8000),
        database_url=env.text("DATABASE_URL"),
        redis_url=env.text("REDIS_URL"),
        workers=max(1, _whole("WORKERS", 1)) if env.text("WORKERS") else None,
        simulated=not (env.text("E2B_API_KEY") or env.text("E2B_API_URL")),
        migration_database_url=env.text("MIGRATION_DATABASE_URL"),
    )


def secret_key(home: Path) -> str:
    """SECRET_KEY, or one made at the first start and kept (mode 0600): who is signed in stays so.

    A file that others could read or write is replaced: with what they saw or left there anybody could sign sessions.
    """
    if given := env.text("SECRET_KEY"):
        return given
    file = home / "secret_key"
    wrong = _wrong_with(file) if file.exists() else ""
    if wrong:
        log.warning("%s %s: it is replaced, and everybody has to sign in again", file, wrong)
    if wrong or not file.exists():
        write_private(file, secrets.token_urlsafe(48).encode())
    return file.read_text().strip()


def _wrong_with(file: Path) -> str:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        return f"could be read or written by others (mode {mode:04o})"
    return "" if file.read_text().strip() else "is empty"


def for_bootstrap(added: Mapping[str, str]) -> dict[str, str]:
    """All of our environment: bootstrap stores the keys (encrypted) that nobody else is given."""
    return {name: value for name, value in {**os.environ, **added}.items() if name not in FOR_MIGRATIONS_ALONE}


def for_django(added: Mapping[str, str]) -> dict[str, str]:
    """Our environment without the keys, which live in the database."""
    return {name: value for name, value in for_bootstrap(added).items() if name not in FOR_BOOTSTRAP_ALONE}


def for_servers() -> dict[str, str]:
    """For programs that need none of our secrets."""
    return {name: value for name, value in os.environ.items() if name in HARMLESS or name.startswith("LC_")}


def _whole(name: str, default: int) -> int:
    raw = env.text(name)
    if not raw:
        return default
    if not raw.isdecimal():
        raise StartError(f"{name}={raw} is not a whole number")
    return int(raw)
