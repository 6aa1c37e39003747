"""Files in DATA_DIR that mention an owner: logs are blotted in place, anything else is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sandboxes.cleanup.erasure.subject import Subject

LARGEST_BYTES: Final = 256 << 20
DATABASE: Final = "PG_VERSION"  # a folder with this file is PostgreSQL's own
_FOREIGN: Final = frozenset({"static", "assets", "node_modules"})


def erase_files(subject: Subject, home: Path, *, apply: bool) -> tuple[int, list[Path]]:
    """How many logs were blotted, and the files that stay: no log, too large to read, or not to be written.

    Bytes are overwritten where they lie and the length stays: who appends to the log meanwhile loses nothing.
    """
    blotted, stay = 0, []
    for path in _files(home):
        try:
            if path.stat().st_size > LARGEST_BYTES:
                stay.append(path)
                continue
            content = path.read_bytes()
            new, count = subject.mentions.blotted(content)
            if count and ".log" in path.name:
                blotted += 1
                if apply:
                    _overwrite(path, content, new)
            elif count:
                stay.append(path)
        except OSError:
            stay.append(path)
    return blotted, stay


def _overwrite(path: Path, old: bytes, new: bytes) -> None:
    """Line by line, where it differs."""
    at = 0
    with path.open("r+b") as file:
        for before, after in zip(old.splitlines(keepends=True), new.splitlines(keepends=True), strict=True):
            if before != after:
                file.seek(at)
                file.write(after)
            at += len(before)


def _files(folder: Path) -> Iterator[Path]:
    if (folder / DATABASE).exists():
        return
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name in _FOREIGN:
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path
