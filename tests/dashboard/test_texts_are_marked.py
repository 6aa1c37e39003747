"""Every text of pages is marked for translation: none that is not stands in a template or in a module of theirs."""

from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

from tests.support import unmarked_html, unmarked_python

TEMPLATES: Final = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
# Folders and modules of dashboard whose texts are not of pages, and why.
NOT_PAGES: Final = {
    "access/callers.py": "names in stored records",
    "access/keeping.py": "names of headers",
    "access/middleware.py": "names of types",
    "access/reach.py": "what is missing, in the words of REST",
    "accounts/deleting.py": "its sentences are stored with actions and in the change log",
    "api": "REST answers in English",
    "live": "the socket carries codes and figures",
    "management": "commands speak to operators",
    "migrations": "they are not shown",
    "models": "fields' help is for developers",
    "erasing.py": "what a command prints",
    "system/doctor/__init__.py": "exports names",
    "system/doctor/backends.py": "what a command prints",
    "system/doctor/checks.py": "what a command prints",
    "system/doctor/files.py": "what a command prints",
    "system/doctor/webhooks.py": "what a command prints",
    "system/health.py": "/readyz answers in English",
    "system/heartbeat.py": "logs",
    "system/prometheus.py": "/metrics describes itself in English",
    "tasks.py": "logs, and parts named in an error",
    "settings/webhook.py": "its sentences are stored in the change log",
    "cleanup/policy.py": "its sentences are stored in the change log",
}


def modules() -> list[Path]:
    """The modules that make texts of pages."""
    root = settings.BASE_DIR / "dashboard"
    found = {path.relative_to(root): path for path in sorted(root.rglob("*.py"))}
    return [path for name, path in found.items() if name.parts[0] not in NOT_PAGES and name.as_posix() not in NOT_PAGES]


def named(path: Path, found: list[tuple[int, str]]) -> list[str]:
    return [f"{path.relative_to(settings.BASE_DIR)}:{line}: {text}" for line, text in found]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_template_has_no_unmarked_text(path: Path) -> None:
    assert named(path, unmarked_html.unmarked(path.read_text())) == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_module_of_pages_has_no_unmarked_sentence(path: Path) -> None:
    assert named(path, unmarked_python.unmarked(path.read_text())) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_texts_of_template_can_be_extracted(path: Path) -> None:
    source = path.read_text()
    assert source.count("{% translate ") + source.count("{% blocktranslate ") <= templatize(source).count("gettext(")


def test_there_is_much_to_look_at() -> None:
    assert len(TEMPLATES) > 60
    assert len(modules()) > 40


def test_every_exception_names_what_there_is() -> None:
    assert [name for name in NOT_PAGES if not (settings.BASE_DIR / "dashboard" / name).exists()] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>\n  Nothing pending.</p>", [(2, "Nothing pending.")]),
        ('<a href="/" title="Copy the ID">\n{{ id }}</a>', [(1, "Copy the ID")]),
        ('{# a note #}\n<input\n  placeholder="Find in messages">', [(2, "Find in messages")]),
        ('<input type="submit" value="Save">', [(1, "Save")]),
        ("<b>{{ count }}</b> of {% if many %}them{% endif %}", [(1, "of them")]),
        ("{% block title %}Fleet · Sandwarden{% endblock %}", [(1, "Fleet · Sandwarden")]),
        ('{{ owner|default:"nobody" }}', [(1, '|default:"nobody"')]),
        ('{{ count|pluralize:"y,ies" }}', [(1, '|pluralize:"y,ies"')]),
        ('{% include "field.html" with label="Name" %}', [(1, '"Name"')]),
        ('{% translate "Marked" %} but <i>not this</i>', [(1, "but"), (1, "not this")]),
    ],
)
def test_unmarked_text_of_a_template_is_found(source: str, found: list[tuple[int, str]]) -> None:
    assert unmarked_html.unmarked(source) == found


@pytest.mark.parametrize(
    "source",
    [
        '<p title="{% translate "Copy the ID" %}">{% translate "Nothing pending." %}</p>',
        "{% blocktranslate count n=n %}{{ n }} <b>sandbox</b>{% plural %}{{ n }} sandboxes{% endblocktranslate %}",
        '{{ owner|default:_("nobody") }}{{ text|default:"–" }}{{ row.name|default:row.id }}',
        '{% include "field.html" with name="name" label=_("Name") hint="15 min" %}',
        "<code>E2B_API_KEY</code> <kbd>Enter</kbd> CPU 2.5% · {{ size }} MiB",
        "<script>const one = 'a text of a script';</script>{# a comment #}{% comment %}one more{% endcomment %}",
        "{% block page_name %}fleet{% endblock %}",
        '<input placeholder="key=value" value="typed" name="first name">',
    ],
)
def test_marked_text_of_a_template_passes(source: str) -> None:
    assert unmarked_html.unmarked(source) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('x = 1\nshow("Nothing was selected.")', [(2, "Nothing was selected.")]),
        ('toast(f"Stopped {n}")', [(1, "Stopped {}")]),
        ('_(f"Stopped {n}")', [(1, "Stopped {}")]),
        ('COLUMNS = {"id": "Sandbox"}', [(1, "Sandbox")]),
        ('raise forms.ValidationError("At most 8 keys")', [(1, "At most 8 keys")]),
        ('f"{_(word)} {span} ago"', [(1, "{} {} ago")]),
    ],
)
def test_unmarked_sentence_of_a_module_is_found(source: str, found: list[tuple[int, str]]) -> None:
    assert unmarked_python.unmarked(source) == found


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring of several words."""',
        'toast(_("Stopped %(n)s: spared for 24 h.") % {"n": n})',
        'ngettext("%(n)s sandbox is left", "%(n)s sandboxes are left", n)',
        'log.warning("the stream broke off: %s", why)',
        'raise ValueError("at must be Unix seconds")',
        'cursor.execute("SELECT id FROM sandboxes_sandbox")',
        'if state == "in grace": told["first name"] = f"{minutes} min"',
        'response["Content-Type"] = "text/csv; charset=utf-8"',
    ],
)
def test_marked_or_other_literal_of_a_module_passes(source: str) -> None:
    assert unmarked_python.unmarked(source) == []
