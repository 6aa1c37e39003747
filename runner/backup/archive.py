"""The file of a backup: a tar of the database's dump and, last, a manifest that holds its size and checksum.

The dump is written through, without a second copy on disk: its header is filled in once its size is known. A file that
was cut has no manifest, one that was damaged does not agree with it.
"""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from runner.backup.errors import BackupError

FORMAT = 1
DUMP, MANIFEST = "database.dump", "manifest.json"
CHUNK = 1 << 20
MOST_MANIFEST_BYTES = 1 << 20


class Content(msgspec.Struct, frozen=True):
    """One file within the archive."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What the backup is of. `migrations` are pairs of app and name, `postgres` is the server's major version."""

    version: str
    made_at: str
    postgres: int
    migrations: list[tuple[str, str]]
    without_metrics: bool
    database_bytes: int
    parts: dict[str, Content] = {}
    format: int = FORMAT


class Writer:
    """Writes the dump, then the manifest."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output

    def dump(self, source: IO[bytes]) -> Content:
        """Copies `source` to its end. Raises OSError."""
        start = self._output.tell()
        self._output.write(bytes(tarfile.BLOCKSIZE))
        digest, size = hashlib.sha256(), 0
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            self._output.write(chunk)
        self._pad(size)
        self._output.seek(start)
        self._output.write(_header(DUMP, size))
        self._output.seek(0, os.SEEK_END)
        return Content(size, digest.hexdigest())

    def manifest(self, manifest: Manifest) -> None:
        """Ends the archive with it."""
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        self._output.write(_header(MANIFEST, len(text)) + text)
        self._pad(len(text))
        self._output.write(bytes(2 * tarfile.BLOCKSIZE))

    def _pad(self, size: int) -> None:
        self._output.write(bytes(-size % tarfile.BLOCKSIZE))


@contextmanager
def written(file: Path) -> Iterator[Writer]:
    """Mode 0600 from the first byte; written as FILE.part, and named FILE once it is whole and on disk."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as output:
            yield Writer(output)
            output.flush()
            os.fsync(output.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def read(file: Path) -> Manifest:
    """The manifest, once everything in the file has been read and agrees with it.

    Raises BackupError for a file that is cut, damaged, of a later format, or no backup.
    """
    try:
        with tarfile.open(file, "r:") as archive:
            manifest = _manifest(archive, file)
            _check(archive, manifest, file)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{file} is cut, damaged or no backup of Sandwarden ({error})") from None
    except OSError as error:
        raise BackupError(f"{file} can't be read: {error.strerror or error}") from None
    return manifest


@contextmanager
def opened_dump(file: Path) -> Iterator[IO[bytes]]:
    """The dump's bytes; `read` the file before."""
    with tarfile.open(file, "r:") as archive:
        found = archive.extractfile(DUMP)
        if found is None:
            raise BackupError(f"{file} holds no {DUMP}")
        with found:
            yield found


def _manifest(archive: tarfile.TarFile, file: Path) -> Manifest:
    members = {member.name: member for member in archive.getmembers()}
    if set(members) != {DUMP, MANIFEST} or members[MANIFEST].size > MOST_MANIFEST_BYTES:
        raise BackupError(f"{file} is cut, or no backup of Sandwarden: it holds {', '.join(members) or 'nothing'}")
    found = archive.extractfile(members[MANIFEST])
    try:
        content = b"" if found is None else found.read()
        if (held := msgspec.json.decode(content, type=_Format).format) != FORMAT:
            raise BackupError(f"{file} has format {held}, and this version reads {FORMAT}: use a newer Sandwarden")
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupError(f"The manifest of {file} is damaged: {error}") from None


class _Format(msgspec.Struct):
    format: int


def _check(archive: tarfile.TarFile, manifest: Manifest, file: Path) -> None:
    source, digest, size = archive.extractfile(DUMP), hashlib.sha256(), 0
    while source is not None and (chunk := source.read(CHUNK)):
        digest.update(chunk)
        size += len(chunk)
    if manifest.parts.get(DUMP) != Content(size, digest.hexdigest()):
        raise BackupError(f"{file} is damaged: {DUMP} does not have the checksum of the manifest")


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry.tobuf(tarfile.GNU_FORMAT)
