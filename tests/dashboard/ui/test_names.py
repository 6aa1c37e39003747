"""Names from outside are shown exactly: nothing in them turns the line round, hides, or makes an empty link."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from django.template import Context, Template
from django.test import Client

from dashboard.ui import names
from tests.support import records

CASES: Final = json.loads((Path(__file__).resolve().parents[2] / "name_cases.json").read_text())
EVIL: Final = "userdorp\u202egnp.exe"
BLANK: Final = "\u2003\u2003"
HEBREW: Final = "עובד-לילה"


def shown(name: str | None) -> str:
    return Template("{{ name|exactly }}").render(Context({"name": name}))


@pytest.mark.parametrize(("name", "told"), CASES["spelled"])
def test_spelled_writes_what_the_table_says(name: str, told: str) -> None:
    assert names.spelled(name) == told


@pytest.mark.parametrize("mark", sorted(names.MARKS))
def test_every_mark_is_spelled_out_and_none_is_left(mark: str) -> None:
    text = shown(f"a{mark}b")
    assert mark not in text
    assert f'<span class="odd">{names.MARKS[mark]}</span>' in text


def test_exact_name_is_escaped_and_a_plain_one_is_left_alone() -> None:
    assert shown("ada") == "ada"
    assert shown("<b>ada") == "&lt;b&gt;ada"
    assert shown("<b>é") == "<bdi>&lt;b&gt;é</bdi>"
    assert shown(None) == shown("") == ""


def test_name_of_blanks_gets_a_word() -> None:
    assert shown(BLANK) == '<bdi><span class="odd">blank</span></bdi>'
    assert shown(" a").startswith('<bdi><span class="odd">space</span>a')


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/sandboxes/", "/table/facets/", "/sandboxes/isome/", "/sandboxes/isome/siblings/", "/events/",
     "/palette/?q=userdorp", "/cost/?whole=true&by=owner", "/cost/?whole=true&by=metadata.run"],
)  # fmt: skip
def test_no_page_shows_a_mark_as_it_is(person: Client, address: str) -> None:
    """Values of links and fields keep the name as it is, %-encoded or behind `value=`: only what is read counts."""
    given: dict[str, Any] = {"metadata": {"run": EVIL, "other": HEBREW}, "owner": EVIL, "template_name": EVIL}
    box = records.sandbox("isome", **given)
    records.sandbox("itwin", **given)
    records.event("isome")
    box.executions.create(key="e", started_at=box.started_at)
    text = person.get(address).content.decode()
    assert "RLO" in text
    assert "\u202e" not in text.replace(f'data-of="{EVIL}"', "")


@pytest.mark.django_db
def test_blank_owner_is_no_empty_link(person: Client) -> None:
    records.sandbox("isome", owner=BLANK)
    for address in ("/table/facets/", "/sandboxes/isome/"):
        assert '<span class="odd">blank</span>' in person.get(address).content.decode()


@pytest.mark.django_db
def test_long_metadata_is_folded(person: Client) -> None:
    records.sandbox("isome", metadata={"prompt": "word " * 400, "run": "9"})
    text = person.get("/sandboxes/isome/").content.decode()
    assert '<details class="tag long">' in text
    assert "all 2,000" in " ".join(text.split())
    assert text.count('<details class="tag long">') == 1
