"""When a fleet is too large for one process of work: from then on workers of their own stand beside it."""

import asyncio
from pathlib import Path

LARGE = 2_000  # running sandboxes; up to there one process polls, judges and rolls up with most of its time to spare
WORKERS = 3  # beside the one process, of a large fleet
LOOK_SECONDS = 1.0


def tell(home: Path, running: int) -> None:
    """Says how many sandboxes run, to the supervisor of this data folder, if there is one."""
    file = _file(home)
    if not file.parent.is_dir():
        return
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(str(running))
    fresh.rename(file)


def told(home: Path) -> int:
    """The last count; 0 when there is none."""
    try:
        return int(_file(home).read_text())
    except (OSError, ValueError):
        return 0


async def until_large(home: Path) -> int:
    """Returns the count once it is LARGE or more. A fleet that shrinks keeps its workers until the next start."""
    while (running := told(home)) < LARGE:  # noqa: ASYNC110 - another process writes the file
        await asyncio.sleep(LOOK_SECONDS)
    return running


def _file(home: Path) -> Path:
    return home / "run" / "fleet-size"
