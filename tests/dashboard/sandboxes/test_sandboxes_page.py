"""The Sandboxes page: its facets, how it goes on, what is new, and acts on all that match."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.models import Selection
from dashboard.sandboxes import filters
from dashboard.sandboxes import views as sandboxes
from sandboxes.models import Action
from tests.support import records
from tests.support.records import Reading

ROWS = {"HX-Request": "true"}


def ids(page: bytes) -> list[str]:
    return [part.split('"')[0] for part in page.decode().split('data-id="')[1:]]


def facet(person: Client, title: str, address: str = "") -> dict[str, tuple[int, bool, str]]:
    found = dict(person.get(f"/table/facets/{address}").context["facets"])[title]
    return {value.word: (value.count, value.chosen, value.link) for value in found}


def test_several_values_of_one_facet_are_any_of_them(person: Client) -> None:
    for name in ("ada", "bob", "cy"):
        records.sandbox(f"i{name}", owner=name)
    assert facet(person, "Owner", "?owner=ada")["bob"][2] == "?owner=ada%2Cbob"
    page = person.get("/sandboxes/?owner=ada,bob&order=id")
    assert ids(page.content) == ["iada", "ibob"]
    assert facet(person, "Owner", "?owner=ada,bob")["bob"][1:] == (True, "?owner=ada")


def test_facet_lists_more_values_behind_eight_and_those_chosen_before_them(person: Client) -> None:
    for number in range(12):
        for copy in range(20 - number):
            records.sandbox(f"i{number}x{copy}", owner=f"owner-{number:02d}")
    values = dict(person.get("/table/facets/?owner=owner-11").context["facets"])["Owner"]
    assert [value.word for value in values if not value.extra] == [*(f"owner-{n:02d}" for n in range(8)), "owner-11"]
    assert [(value.word, value.count) for value in values if value.extra] == [
        ("owner-08", 12), ("owner-09", 11), ("owner-10", 10),
    ]  # fmt: skip
    text = person.get("/table/facets/").content.decode()
    assert text.count("data-facet-find") == 1
    assert "Search 12" in text
    assert "4 more" in " ".join(text.split())


def test_idle_filter_is_in_the_form_the_tokens_and_the_facets(person: Client) -> None:
    now = timezone.now().replace(microsecond=0)
    quiet, busy = (records.sandbox(name, owner=name, started_at=now - timedelta(hours=1)) for name in ("quiet", "busy"))
    for ago in range(130, -1, -5):
        told = {quiet.pk: Reading(cpu=0.5), busy.pk: Reading(cpu=60.0 if ago == 60 else 0.5)}
        records.frame(told, at=now - timedelta(seconds=ago))
    page = person.get("/sandboxes/?idle_for=2m")
    assert ids(page.content) == ["quiet"]
    assert [(token.name, token.verb, token.value) for token in page.context["tokens"]] == [("idle", "for", "2 min")]
    assert set(facet(person, "Owner", "?idle_for=2m")) == {"quiet"}
    assert ids(person.get("/sandboxes/?idle_for=2m&idle_cpu_below=70&order=id").content) == ["busy", "quiet"]
    assert b'name="idle_for"' in page.content
    assert b'name="cpu_max"' in page.content
    assert person.get("/sandboxes/?idle_for=9d").status_code == 400


def test_a_comma_within_a_value_stays_one_value() -> None:
    words = ("a,b", "c")
    assert filters.several(filters.joined(words)) == words


def test_both_states_chosen_are_none_chosen(person: Client) -> None:
    records.sandbox()
    assert facet(person, "State", "?state=running")["paused"][2] == "?"


def test_metadata_has_facets_but_not_what_is_different_for_each(person: Client) -> None:
    for number in range(40):
        records.sandbox(owner="ada", metadata={"user": "ada", "region": "eu", "trace": f"t{number}"})
    titles = [title for title, _ in person.get("/table/facets/").context["facets"]]
    assert "metadata.region" in titles
    assert not {"metadata.trace", "metadata.user"} & set(titles)
    assert facet(person, "metadata.region")["eu"] == (40, False, "?metadata.region=eu")


def test_a_form_field_left_empty_does_not_undo_the_address(person: Client) -> None:
    records.sandbox("ihers", owner="ada")
    records.sandbox("ihis", owner="bob")
    assert ids(person.get("/sandboxes/?owner=ada&owner=&cpu_min=").content) == ["ihers"]


def test_rows_follow_a_cursor_skip_and_come_back_by_their_keys(person: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandboxes, "PAGE_ROWS", 2)
    boxes = {f"i{letter}": records.sandbox(f"i{letter}") for letter in "abcdef"}
    first = person.get("/sandboxes/?order=id")
    assert ids(first.content) == ["ia", "ib"]
    assert "Next 2" in first.content.decode()
    after = first.context["page"].next
    assert ids(person.get(f"/sandboxes/?order=id&cursor={after}", headers=ROWS).content) == ["ic", "id"]
    assert ids(person.get(f"/sandboxes/?order=id&cursor={after}&skip=2", headers=ROWS).content) == ["ie", "if"]
    keys = f"{boxes['ie'].pk},{boxes['ia'].pk}"
    assert ids(person.get(f"/sandboxes/?order=id&rows={keys}", headers=ROWS).content) == ["ie", "ia"]


def test_what_is_new_is_counted_though_as_many_have_gone(person: Client) -> None:
    old = records.sandbox(owner="ada")
    newest = person.get("/sandboxes/?owner=ada").context["newest"]
    old.state = "ended"
    old.save()
    records.sandbox(owner="ada")
    records.sandbox(owner="bob")
    told = person.get(f"/table/new/?owner=ada&after={newest}").json()
    assert told == {"new": 1, "total": 1}


class TestAllThatMatch:
    @pytest.fixture
    def selection(self, person: Client) -> Selection:
        for number in range(3):
            records.sandbox(f"i{number}", owner="ada", burn_usd_per_hour="0.25")
        records.sandbox("iother", owner="bob")
        page = person.post("/act/ask/", {"kind": "kill", "filter": "?owner=ada"}).content.decode()
        assert "Kill 3 sandboxes?" in page
        assert "$0.750/h" in page
        return Selection.objects.get()

    def test_what_was_shown_is_what_is_hit(self, person: Client, selection: Selection) -> None:
        records.sandbox("ilater", owner="ada")
        answer = person.post("/act/", {"kind": "kill", "selection": selection.pk, "typed": "3"})
        assert answer.status_code == 202
        assert set(Action.objects.values_list("sandbox__sandbox_id", flat=True)) == {"i0", "i1", "i2"}

    def test_the_count_is_typed_or_nothing_is_killed(self, person: Client, selection: Selection) -> None:
        assert person.post("/act/", {"kind": "kill", "selection": selection.pk, "typed": "4"}).status_code == 422
        assert not Action.objects.exists()

    def test_nobody_elses_selection_can_be_used(self, person: Client, selection: Selection) -> None:
        bob = Client()
        bob.force_login(records.member("bob"))
        assert bob.post("/act/", {"kind": "kill", "selection": selection.pk, "typed": "3"}).status_code == 400

    def test_how_far_it_is_can_be_asked(self, person: Client, selection: Selection) -> None:
        answer = person.post("/act/", {"kind": "kill", "selection": selection.pk, "typed": "3"})
        where = json.loads(answer["HX-Trigger-After-Settle"])["bulk"]["url"]
        assert person.get(where).json() | {} == {
            "kind": "kill", "asked": 3, "done": 0, "already": 0, "failed": 0, "stopped": 0, "waiting": 3, "refused": 0,
        }  # fmt: skip
        one, two, three = Action.objects.order_by("pk")
        records.brought_to(Action.objects.filter(pk=one.pk), "done", outcome="already_gone")
        records.brought_to(Action.objects.filter(pk=two.pk), "failed")
        records.brought_to(Action.objects.filter(pk=three.pk), "confirmed")
        told = person.get(where).json()
        assert (told["done"], told["already"], told["failed"], told["waiting"]) == (2, 1, 1, 0)

    def test_those_protected_until_an_hour_are_one_wish(self, person: Client, selection: Selection) -> None:
        wanted = {"kind": "protect", "selection": selection.pk, "minutes": "60", "reason": "a demo"}
        assert person.post("/act/", wanted).status_code == 202
        assert len(set(Action.objects.values_list("bulk_id", flat=True))) == 1
        ends = Action.objects.values_list("sandbox__lock__protected_until", flat=True)
        assert all(end and end > timezone.now() for end in ends)

    def test_a_filter_without_sense_is_refused(self, person: Client) -> None:
        assert person.post("/act/ask/", {"kind": "kill", "filter": "?cpu_min=lots"}).status_code == 400


def test_facets_of_what_cannot_be_are_refused(person: Client) -> None:
    assert person.get("/table/facets/?cpu_min=lots").status_code == 400
