"""Modules that know no Django are translated by it all the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation as django_translation

from dashboard.fleet.attention import needs
from dashboard.fleet.attention_shapes import Facts
from dashboard.ui import formats, translation

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def german() -> Iterator[None]:
    words = {"%(span)s ago": "vor %(span)s", "%(sandboxes)s over %(limit)s": "über %(limit)s: %(sandboxes)s"}
    translation.install(lambda text: words.get(text, text), lambda one, many, count: one if count == 1 else many)
    yield
    translation.install(django_translation.gettext, django_translation.ngettext)


def test_translator_is_djangos_once_the_app_is_ready():
    assert translation._translators == (django_translation.gettext, django_translation.ngettext)


@pytest.mark.usefixtures("german")
def test_pure_module_speaks_the_language_that_is_installed():
    assert formats.relative(NOW - timedelta(minutes=3), NOW) == "vor 3 min"


@pytest.mark.usefixtures("german")
def test_bold_parts_of_a_sentence_follow_its_translation():
    (need,) = needs(Facts(now=NOW, over_memory=2))
    assert need.parts == [("über ", False), ("95% memory", True), (": ", False), ("2 sandboxes", True)]
