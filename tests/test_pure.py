"""A module that calls itself pure is: nothing that it imports, however far away, does any I/O."""

import ast
from pathlib import Path

import grimp
import pytest
from django.conf import settings

PACKAGES = ("config", "runner", "sandboxes", "events", "dashboard")
IMPURE = ("django", "httpx", "redis", "psycopg", "channels", "celery")
GRAPH = grimp.build_graph(*PACKAGES, include_external_packages=True)


def pure_modules() -> list[str]:
    """Those whose docstring says so."""
    paths = [path for package in PACKAGES for path in sorted((settings.BASE_DIR / package).rglob("*.py"))]
    own = [path for path in paths if "migrations" not in path.parts]
    return [name_of(path) for path in own if "Pure" in (ast.get_docstring(ast.parse(path.read_text())) or "")]


def name_of(path: Path) -> str:
    parts = path.relative_to(settings.BASE_DIR).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("module", pure_modules())
def test_pure_module_reaches_no_io(module):
    chains = [GRAPH.find_shortest_chain(module, other) for other in IMPURE if other in GRAPH.modules]
    assert [chain for chain in chains if chain] == []


def test_there_are_pure_modules():
    assert len(pure_modules()) > 20
