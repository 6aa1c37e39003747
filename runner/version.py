"""The version of this code, which stands in one place: `pyproject.toml`."""

import tomllib

from runner.supervisor.choices import ROOT


def version() -> str:
    """As `0.1.0`."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def parts(text: str) -> tuple[int, ...]:
    """For comparing: `0.10.0` is newer than `0.9.2`. What follows the numbers is left out."""
    return tuple(int(word) for word in text.split("-", maxsplit=1)[0].split(".") if word.isdigit())
