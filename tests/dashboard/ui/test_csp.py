"""The Content-Security-Policy: on every answer, and kept by every template."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = [path for path in sorted((ROOT / "templates").rglob("*.html")) if "admin" not in path.parts]


@pytest.mark.parametrize("path", ["/login/", "/healthz", "/nowhere/"])
@pytest.mark.django_db
def test_every_answer_carries_the_policy(path: str, static_files: Path) -> None:
    policy = Client().get(path)["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_has_inline_script_or_style(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_no_stylesheet_but_the_tokens_names_a_colour() -> None:
    for sheet in sorted((ROOT / "static/css").glob("*.css")):
        if sheet.name != "tokens.css":
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\b(rgb|hsl|oklch)a?\(", sheet.read_text()), sheet.name


def test_scripts_stay_small_enough_to_read() -> None:
    for script in sorted((ROOT / "static/js").rglob("*.js")):
        assert len(script.read_text().splitlines()) < 200, script.name
        assert script.read_text().startswith("/*"), f"{script.name} says its one idea in its first line"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/", "/sandboxes/", "/events/", "/api/v1/sandboxes", "/login/", "/metrics", "/nothing/"]
)
def test_no_answer_is_kept_by_browser_or_proxy(person: Client, mailbox: Any, path: str) -> None:
    assert "no-store" in person.get(path)["Cache-Control"]
