"""What the project says of itself agrees: lock files, licences, changelog, commit hooks, the guide for contributors."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pinned(name: str) -> dict[str, str]:
    """Package by its normal name → version."""
    found = LINE.findall((ROOT / name).read_text())
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


@pytest.mark.parametrize(
    ("wanted", "lock"), [("requirements.txt", "requirements.lock"), ("requirements-dev.txt", "requirements-dev.lock")]
)
def test_lock_holds_what_the_requirements_pin(wanted: str, lock: str) -> None:
    assert pinned(wanted).items() <= pinned(lock).items()


def test_dev_lock_extends_the_lock_of_a_run() -> None:
    assert pinned("requirements.lock").items() <= pinned("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_of_a_lock_has_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert len(blocks) > 50
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


def test_licence_of_everything_installed_is_listed() -> None:
    listed = set(
        re.findall(r"^\| ([^|]+?) \| [^|?]+ \|$", (ROOT / "THIRD-PARTY-LICENSES.md").read_text(), re.MULTILINE)
    )
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    scripts = {
        f"{path.removeprefix('node_modules/')} (npm)"
        for path, entry in locked.items()
        if path and not entry.get("dev") and not entry.get("optional")
    }
    assert listed - {"package", "---"} == {*pinned("requirements.lock"), *scripts}


def test_changelog_has_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text()


def test_commit_hooks_are_what_make_lint_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    tools = {re.sub(r"^.*?(?:\.venv/bin/|node_modules/\.bin/)", "", hook["entry"]).split()[0] for hook in hooks}
    lint = (ROOT / "Makefile").read_text().split("\nlint:")[1].split("\n\n")[0]
    used = {re.sub(r"^node_modules/\.bin/", "", line.split()[0]) for line in lint.splitlines()[1:] if line.strip()}
    assert {tool for tool in tools if tool != "make"} == {tool for tool in used if not tool.startswith("@")}


def test_every_file_that_the_guide_for_contributors_names_exists() -> None:
    named = re.findall(
        r"`((?:sandboxes|dashboard|events|templates|simulator|docs|tests)/[\w./-]*)`",
        (ROOT / "CONTRIBUTING.md").read_text(),
    )
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists() and "PAGE" not in name and "NAME" not in name] == []


def test_no_test_replaces_what_a_module_keeps_to_itself() -> None:
    """What a test puts something else in the place of has a public name: whoever changes it is warned by that."""
    private = re.compile(r"setattr\((?:[\"'][^\"']*\.|[^,\"']+, [\"'])(_[a-zA-Z]\w*)")
    replaced = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for name in private.findall(file.read_text())
    ]
    assert replaced == []
