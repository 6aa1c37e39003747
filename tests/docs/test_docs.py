"""What a user can set, call or type is documented; what the docs name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SETTINGS_SOURCES = [ROOT / "config" / "settings.py", *sorted((ROOT / "config" / "supervisor").glob("*.py"))]


def text(name: str) -> str:
    return (DOCS / name).read_text()


def variables() -> set[str]:
    """Every environment variable that settings and supervisor read through `runner.env`."""
    pattern = re.compile(r'env\.(?:text|number|flag|words)\(\s*"([A-Z0-9_]+)"')
    return {name for source in SETTINGS_SOURCES for name in pattern.findall(source.read_text())}


def targets() -> list[str]:
    """Make's targets that `make help` shows."""
    return re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_scans_find_what_is_known():
    assert {"E2B_API_KEY", "PORT", "POLL_INTERVAL"} <= variables()
    assert {"run", "test", "lint"} <= set(targets())


@pytest.mark.parametrize("name", sorted(variables()))
def test_each_variable_is_documented(name):
    assert f"`{name}`" in text("configuration.md")


@pytest.mark.parametrize("name", targets())
def test_each_make_target_is_documented(name):
    assert f"`make {name}`" in text("configuration.md")


def routes() -> list[tuple[str, str]]:
    """Method and path of each REST call, as OpenAPI lists them."""
    from dashboard.api import api

    paths = api.get_openapi_schema()["paths"]
    return [(method.upper(), path.removeprefix("/api/v1")) for path, calls in paths.items() for method in calls]


def test_each_rest_call_is_documented():
    documented = text("rest.md")
    missing = [f"{m} {p}" for m, p in routes() if f"`{m} {p}`" not in documented]
    assert missing == []


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.relative_to(DOCS)}" for p in sorted(DOCS.rglob("*.md")))])
def test_links_lead_somewhere(page):
    source = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", source.read_text()):
        assert (source.parent / target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.relative_to(DOCS)}" for p in sorted(DOCS.glob("*.md")))])
def test_files_and_folders_that_are_named_are_there(page):
    tops = "benchmarks|config|dashboard|docs|events|runner|sandboxes|simulator|static|templates|tests"
    named = re.findall(rf"`((?:{tops})/[\w./-]*\w/?)`", (ROOT / page).read_text())
    missing = [one for one in named if not any((ROOT / f"{one}{end}").exists() for end in ("", ".py"))]
    assert missing == []


def test_each_model_is_in_data_protection():
    from django.apps import apps

    documented = text("data-protection.md")
    ours = [model for name in ("sandboxes", "events", "dashboard") for model in apps.get_app_config(name).get_models()]
    assert len(ours) > 30
    assert [model.__name__ for model in ours if f"`{model.__name__}`" not in documented] == []


def test_each_room_says_what_it_is():
    for path in ROOT.glob("*/**/*.py"):
        if {".venv", "node_modules", "migrations", "var"} & set(path.parts) or not path.read_text().strip():
            continue
        assert path.read_text().lstrip().startswith(('"""', "#!")), f"{path.relative_to(ROOT)} has no first line"
