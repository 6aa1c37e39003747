"""Encryption at rest of our own keys and secrets, under ENCRYPTION_KEY or a key file in DATA_DIR."""

import logging
import os
import stat
import tempfile
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from runner.supervisor.private_files import write_private
from sandboxes.base import masking
from sandboxes.e2b.errors import KeyUnreadable

PREFIX = "fernet:"
KEY_FILE_NAME = "encryption.key"

log = logging.getLogger(__name__)


class CryptoError(KeyUnreadable):
    """Something about the encryption key that a person has to put right; the message says what.

    It is one of the E2B client's family, so that whoever talks to a backend handles it like any other failure.
    """


class BadKey(CryptoError):
    """ENCRYPTION_KEY or the key file holds something that is no key, or cannot be read or made."""


class CannotDecrypt(CryptoError):
    """A stored secret that none of the keys at hand opens."""


def encrypt(text: str) -> str:
    """`fernet:…`, made with the first key. Raises BadKey."""
    return PREFIX + _box().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """The text that `encrypt` was given; it is masked in this process's logs from now on.

    Raises BadKey and CannotDecrypt.
    """
    if not stored.startswith(PREFIX):
        raise CannotDecrypt("A stored secret is not in encrypted form: enter it again")
    try:
        text = _box().decrypt(stored.removeprefix(PREFIX).encode()).decode()
    except InvalidToken:
        raise CannotDecrypt(
            f"A stored secret was encrypted with another key: add that key as a further line of {_source()}, "
            "or enter the secret again"
        ) from None
    masking.register(text)
    return text


def rotate(stored: str) -> str:
    """The same secret under the first key, for after a new key was put on top. Raises BadKey and CannotDecrypt."""
    return encrypt(decrypt(stored))


def is_current(stored: str) -> bool:
    """Whether the first key opens it, so that the other keys are not needed for it. Raises BadKey."""
    try:
        Fernet(keys()[0]).decrypt(stored.removeprefix(PREFIX).encode())
    except InvalidToken:
        return False
    except ValueError:
        raise _bad_key() from None
    return True


def keys() -> tuple[str, ...]:
    """All keys, the one that encrypts first; a missing key file is made. Raises BadKey."""
    given = settings.ENCRYPTION_KEY or _key_file_text(Path(settings.DATA_DIR) / KEY_FILE_NAME)
    found = tuple(given.replace(",", " ").split())
    if not found:
        raise BadKey(f"{_source()} holds no key: {_HOW_TO_MAKE_ONE}")
    return found


def key_file() -> bytes:
    """All keys as a key file holds them. Raises BadKey."""
    return "".join(f"{key}\n" for key in keys()).encode()


def add_keys(more: tuple[str, ...]) -> int:
    """Puts keys into the key file behind those that it holds, so that they decrypt; how many were new.

    Where ENCRYPTION_KEY is set there is no key file, and nothing is done. Raises BadKey.
    """
    if settings.ENCRYPTION_KEY:
        return 0
    path = Path(settings.DATA_DIR) / KEY_FILE_NAME
    held = keys() if path.exists() else ()
    new = [key for key in more if key not in held]
    if not new:
        return 0
    try:
        _box_of((*held, *new))
    except ValueError:
        raise BadKey(f"What is to be added is no Fernet key: {_HOW_TO_MAKE_ONE}") from None
    write_private(path, "".join(f"{key}\n" for key in (*held, *new)).encode())
    return len(new)


_HOW_TO_MAKE_ONE = (
    'make one with: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)


def _source() -> str:
    return "ENCRYPTION_KEY" if settings.ENCRYPTION_KEY else str(Path(settings.DATA_DIR) / KEY_FILE_NAME)


def _box() -> MultiFernet:
    try:
        return _box_of(keys())
    except (ValueError, TypeError):
        raise _bad_key() from None


def _bad_key() -> BadKey:
    """The library's own message may quote what it was given: it is not passed on."""
    return BadKey(f"{_source()} holds something that is no Fernet key: {_HOW_TO_MAKE_ONE}")


@lru_cache(maxsize=4)
def _box_of(found: tuple[str, ...]) -> MultiFernet:
    masking.register(*found)
    return MultiFernet([Fernet(key) for key in found])


def _key_file_text(path: Path) -> str:
    """The file is read on every use, so that a key put on top of it counts without a restart."""
    try:
        if not path.exists():
            _make_key_file(path)
        _close_to_others(path)
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BadKey(f"Cannot use the key file {path}: {type(error).__name__}. Check its rights and content") from error


def _make_key_file(path: Path) -> None:
    """Whoever is first wins: the file appears whole or not at all, and is never replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        log.debug("another process made the key file first")
    finally:
        draft.unlink()


def _close_to_others(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        log.warning("%s could be read by others (mode %o): closing it to 600", path, mode)
        path.chmod(0o600)
