"""Dockerfile and compose files say what they must, whoever builds them; no engine is needed to see that."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.embedded.redis import MEMORY_LIMIT
from tests.packaging.containerfile import BASES, context_of, parse

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
STAGES = parse((ROOT / "Dockerfile").read_text())
FINAL = STAGES[-1]


def compose(name: str) -> dict[str, Any]:
    found = yaml.safe_load((ROOT / name).read_text())
    assert isinstance(found, dict)
    return found


def test_parser_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="ADD is not known"):
        parse("FROM debian:12-slim\nADD https://example.com/x /x\n")


def test_image_is_of_this_version_and_of_a_base_that_the_test_can_build() -> None:
    assert FINAL.settings["ARG VERSION"] == VERSION
    assert 'org.opencontainers.image.version="${VERSION}"' in FINAL.settings["LABEL"]
    assert {stage.base for stage in STAGES} == set(BASES)


def test_image_runs_as_a_user_of_its_own_and_gets_signals() -> None:
    assert FINAL.user == "sandwarden"
    assert FINAL.words("ENTRYPOINT") == ["tini", "--"]
    assert FINAL.words("CMD") == ["python", "-m", "runner.supervisor"]
    assert FINAL.words("VOLUME") == [FINAL.environment["DATA_DIR"]] == ["/data"]
    assert FINAL.environment["HOST"] == "0.0.0.0"
    command = FINAL.settings["HEALTHCHECK"].split("CMD ", 1)[1]
    assert json.loads(command) == ["python", "-m", "runner.healthcheck"]


def test_packages_are_installed_by_their_hashes() -> None:
    made = next(rest for word, rest in STAGES[0].steps if word == "RUN" and ".for-run" in rest)
    assert "make .venv/.for-run node_modules/.for-run" in made
    assert "--require-hashes" in (ROOT / "Makefile").read_text()


def test_context_has_what_a_run_needs_and_nothing_private(tmp_path: Path) -> None:
    context = context_of(ROOT, tmp_path)
    there = {path.name for path in context.iterdir()}
    assert {"manage.py", "pyproject.toml", "static", "templates", "requirements.lock", "LICENSE"} <= there
    assert there.isdisjoint({".git", "var", ".venv", "node_modules", "tests", "docs", ".env"})


@pytest.mark.parametrize("name", ["compose.yaml", "compose.separate.yaml"])
def test_compose_runs_the_image_read_only_with_a_volume(name: str) -> None:
    service = compose(name)["services"]["sandwarden"]
    assert service["image"] == f"sandwarden:{VERSION}"
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["volumes"] == ["data:/data"]
    assert int(service["stop_grace_period"].removesuffix("s")) > 9, "stopping takes up to 9 s (supervisor/run.py)"
    documented = (ROOT / "docs" / "configuration.md").read_text()
    assert [variable for variable in service["environment"] if f"`{variable}`" not in documented] == []


def test_separate_servers_keep_the_audit_from_the_server() -> None:
    found = compose("compose.separate.yaml")
    given = found["services"]["sandwarden"]["environment"]
    roles = {name: re.split(r"[/:@]+", given[name])[1] for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL")}
    assert roles == {"DATABASE_URL": "sandwarden", "MIGRATION_DATABASE_URL": "sandwarden_audit"}
    script = found["configs"]["roles"]["content"]
    documented = (ROOT / "docs" / "configuration.md").read_text().split("```sql")[1].split("```")[0]
    statements = {re.sub(r"'[^']*'|--.*", "", line).strip() for line in documented.strip().splitlines()}
    assert statements == {re.sub(r"'[^']*'", "", line).strip() for line in script.strip().splitlines()}
    for name in ("postgres", "valkey"):
        assert found["services"]["sandwarden"]["depends_on"][name] == {"condition": "service_healthy"}
        assert "healthcheck" in found["services"][name]


def test_separate_valkey_holds_as_much_as_the_embedded_one() -> None:
    command = compose("compose.separate.yaml")["services"]["valkey"]["command"]
    assert command[command.index("--maxmemory") + 1] == MEMORY_LIMIT
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
