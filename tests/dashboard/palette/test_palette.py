"""The palette finds sandboxes, what to do with them, and pages; each line leads somewhere."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.palette.lines import find
from tests.support import records

pytestmark = pytest.mark.django_db


def groups(text: str) -> dict[str, list[Any]]:
    return {group.name: group.entries for group in find(text, timezone.now())}


def test_nothing_typed_shows_pages_and_views(static_files):
    found = groups("")
    assert [entry.title for entry in found["Pages"]][:2] == ["Fleet", "Sandboxes"]
    assert all(entry.link.startswith("/") for entries in found.values() for entry in entries)


def test_an_owner_leads_to_its_sandboxes_and_to_what_can_be_done_with_them():
    mine = [records.sandbox(f"i{n}", owner="team-agents") for n in range(3)]
    records.sandbox("other", owner="ci")
    actions = groups("team-ag")["Actions"]
    assert [(one.title, one.note) for one in actions] == [
        ("List sandboxes owned by team-agents", "3"),
        ("Protect all owned by team-agents…", "3"),
    ]
    assert actions[0].link == "/sandboxes/?owner=team-agents"
    assert sorted(actions[1].keys) == [one.pk for one in mine]
    assert actions[0].parts == ("List sandboxes owned by ", "team-agents", "")


def test_a_whole_id_can_be_acted_on_and_an_ended_one_is_found_too():
    box, gone = records.sandbox("ifound"), records.sandbox("igone", state="ended")
    found = groups("ifound")
    assert [(one.act, one.keys) for one in found["Actions"]] == [
        (kind, [box.pk]) for kind in ("pause", "extend", "protect", "kill")
    ]
    assert found["Sandboxes"][0].link == "/sandboxes/ifound/"
    assert groups(gone.sandbox_id)["Sandboxes"][0].mark == "g-end"
    assert "Actions" not in groups(gone.sandbox_id)


def test_pages_are_found_by_other_words_and_nonsense_by_none():
    assert [one.title for one in groups("webh")["Pages"]] == ["Deliveries", "Settings"]
    assert groups("no such thing") == {}
    assert groups("a\0b%_\\") == {}


def test_what_was_typed_is_escaped_and_a_stranger_finds_nothing(person: Client):
    answer = person.get("/palette/", {"q": "<script>"})
    assert answer.status_code == 200
    assert b"<script>" not in answer.content
    assert b"&lt;script&gt;" in answer.content
    assert Client().get("/palette/").status_code == 302
