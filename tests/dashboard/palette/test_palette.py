"""The palette finds sandboxes, what to do with them, and pages; each line leads somewhere."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.palette.lines import find
from sandboxes.cleanup import freezing
from tests.support import records

pytestmark = pytest.mark.django_db


def groups(text: str, **who: bool) -> dict[str, list[Any]]:
    return {group.name: group.entries for group in find(text, timezone.now(), **who)}


def first(text: str, **who: bool) -> Any:
    """What Enter takes."""
    return find(text, timezone.now(), **who)[0].entries[0]


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
        ("Cost of team-agents", ""),
        ("Events of team-agents", ""),
        ("Protect all owned by team-agents…", "3"),
    ]
    assert [one.link for one in actions[:3]] == [
        "/sandboxes/?owner=team-agents",
        "/cost/?by=owner#of=team-agents",
        "/events/?owner=team-agents",
    ]
    assert sorted(actions[3].keys) == [one.pk for one in mine]
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


def test_whole_id_opens_its_sandbox_before_any_action_on_it():
    records.sandbox("ifound7x")
    for typed in ("ifound7x", "IFOUND7X", "ifound7"):
        assert (first(typed).link, first(typed).act) == ("/sandboxes/ifound7x/", ""), typed


def test_enter_never_takes_an_action_first():
    box = records.sandbox("iplain", owner="ada", environment="prod", template_name="python")
    records.verdict(box, records.policy())
    for typed in ("iplain", "ada", "prod", "python", "a", "p", "freeze", "theme", "sign"):
        assert not first(typed, may_change=True).act, typed


def test_policies_are_found_by_name():
    idle = records.policy(name="idle staging", enabled=False)
    records.policy(name="old jobs")
    (found,) = groups("staging")["Policies"]
    assert (found.title, found.note, found.link) == ("idle staging", "off", f"/cleanup/policies/{idle.pk}/")
    assert first("idle staging").link == f"/cleanup/policies/{idle.pk}/"


def test_freeze_is_offered_to_who_may_act_and_unfreeze_to_admins():
    assert first("freeze").title == "Freeze policies…"
    assert first("freeze").link == "/cleanup/#freeze"
    assert groups("freeze", may_act=False) == {}
    freezing.freeze("ada")
    assert groups("freeze") == {}
    assert first("freeze", may_change=True).title == "Unfreeze policies"
    assert first("new pol", may_change=True).link == "/cleanup/policies/new/"


def test_theme_and_signing_out_are_found():
    assert [(one.does, one.value) for one in groups("theme")["Commands"]] == [
        ("theme", "dark"), ("theme", "light"), ("theme", "system"),
    ]  # fmt: skip
    assert first("theme light").value == "light"
    assert first("sign out").does == first("logout").does == "sign-out"


@pytest.mark.parametrize(
    ("typed", "link"),
    [
        ("settings", "/settings/"), ("api tokens", "/settings/tokens/"), ("api docs", "/api/v1/docs"),
        ("prices", "/settings/prices/"), ("system", "/settings/system/"), ("retention", "/settings/system/"),
        ("account set", "/settings/account/"), ("cost", "/cost/"),
    ],
)  # fmt: skip
def test_pages_within_settings_are_found(typed: str, link: str):
    assert first(typed).link == link


def test_accounts_are_found_by_name():
    records.account("acme prod")
    assert first("acme").link == "/settings/account/?account=acme+prod"


def test_time_leads_to_the_fleet_of_then():
    found = first("2026-11-27 02:13")
    assert (found.link, found.title) == ("/?at=2026-11-27T02:13:00Z", "Fleet at 02:13:00 UTC, Fri 27 Nov 2026")


def test_pages_are_found_by_other_words_and_nonsense_by_none():
    assert [one.title for one in groups("webh")["Pages"]] == ["Webhook settings", "Deliveries", "Settings"]
    assert groups("no such thing") == {}
    assert groups("a\0b%_\\") == {}


def test_what_was_typed_is_escaped_and_a_stranger_finds_nothing(person: Client):
    answer = person.get("/palette/", {"q": "<script>"})
    assert answer.status_code == 200
    assert b"<script>" not in answer.content
    assert b"&lt;script&gt;" in answer.content
    assert Client().get("/palette/").status_code == 302
