"""What was done already and need not be done again: fingerprints of what it was done from."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from runner.supervisor.choices import ROOT

ROOMS = ("sandboxes", "events", "dashboard")


def static_files() -> str:
    """Changes with any file that pages may load, ours or a package's."""
    ours = [path for folder in ("static", *(f"{room}/static" for room in ROOMS)) for path in _files(ROOT / folder)]
    return _hash([ROOT / "package-lock.json", ROOT / "requirements.txt", ROOT / "config" / "assets.py", *ours])


def migrations(applied: str) -> str:
    """Changes with any migration on disk, with Django's version, and with what this database says was `applied`."""
    ours = [path for room in ROOMS for path in _files(ROOT / room / "migrations") if path.suffix == ".py"]
    return _hash([ROOT / "requirements.txt", *ours], applied)


def holds(home: Path, name: str, fingerprint: str) -> bool:
    """Whether `name` was last done from exactly this."""
    file = home / "run" / f"{name}.stamp"
    return file.exists() and file.read_text() == fingerprint


def put(home: Path, name: str, fingerprint: str) -> None:
    """Notes that `name` was done from this."""
    (home / "run" / f"{name}.stamp").write_text(fingerprint)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _hash(paths: Iterable[Path], more: str = "") -> str:
    whole = hashlib.sha256(more.encode())
    for path in paths:
        content = path.read_bytes() if path.exists() else b""
        whole.update(f"\0{path.relative_to(ROOT)}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()
