"""Saved views and chosen columns: kept under a name, seen by whom they are for, followed by whoever has the link."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboard.models import SavedView, TableColumns
from dashboard.sandboxes import columns, filters
from tests.support import records

ADDRESS = "?owner=ada&order=-cpu_pct"


@pytest.fixture
def bob(person: Client) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_user("bob", password="long enough for a test"))
    return client


def save(person: Client, name: str = "Mine", address: str = ADDRESS, **fields: str) -> SavedView:
    answer = person.post("/table/views/", {"name": name, "address": address, **fields})
    assert answer.status_code == 302, answer.content
    return SavedView.objects.get(name=name)


def test_it_works(person: Client) -> None:
    records.sandbox("ihers", owner="ada")
    view = save(person)
    page = person.get(f"/table/views/{view.pk}/", follow=True)
    assert dict(filters.asked_of(page.wsgi_request.GET.dict()))["owner"] == "ada"
    assert [one.current for one in page.context["saved"]] == [True]
    assert b"ihers" in page.content


def test_ones_own_is_seen_by_nobody_else_and_a_shared_one_by_everybody(person: Client, bob: Client) -> None:
    own, shared = save(person), save(person, "Ours", shared="on")
    assert bob.get(f"/table/views/{own.pk}/").status_code == 404
    assert bob.get(f"/table/views/{shared.pk}/").status_code == 302
    assert [one.name for one in bob.get("/sandboxes/").context["saved"]] == ["Ours"]


def test_only_its_maker_renames_shares_and_deletes_it(person: Client, bob: Client) -> None:
    view = save(person, shared="on")
    change = f"/table/views/{view.pk}/change/"
    assert bob.post(change, {"do": "delete"}).status_code == 404
    person.post(change, {"name": "Hot ones"})
    view.refresh_from_db()
    assert (view.name, view.shared) == ("Hot ones", False)
    person.post(change, {"do": "delete"})
    assert not SavedView.objects.exists()


def test_two_views_of_one_person_have_two_names(person: Client) -> None:
    save(person, "One")
    two = save(person, "Two")
    assert person.post(f"/table/views/{two.pk}/change/", {"name": "One"}).status_code == 409


@pytest.mark.parametrize(("name", "address"), [("", ADDRESS), ("x", "?cpu_min=lots"), ("\0", ADDRESS)])
def test_a_view_without_name_or_sense_is_not_kept(person: Client, name: str, address: str) -> None:
    assert person.post("/table/views/", {"name": name, "address": address}).status_code == 400


def test_columns_are_kept_by_person_in_their_order(person: Client, bob: Client) -> None:
    records.sandbox(metadata={"run": "9f"})
    person.post("/table/columns/", {"col": ["cost", "id", "state"], "meta": "run", "address": "?"})
    shown = [column.name for column in person.get("/sandboxes/").context["columns"]]
    assert shown == ["cost", "id", "state", "metadata.run"]
    assert ">9f<" in person.get("/sandboxes/").content.decode()
    assert [column.name for column in bob.get("/sandboxes/").context["columns"]] == list(columns.USUAL)
    person.post("/table/columns/", {"do": "usual", "address": "?"})
    assert not TableColumns.objects.exists()


def test_columns_of_the_address_come_first_and_unknown_ones_are_left_out(person: Client) -> None:
    shown = person.get("/sandboxes/?cols=burn,nonsense,metadata.a%252Cb").context["columns"]
    assert [column.name for column in shown] == ["id", "burn", "metadata.a,b"]
    assert columns.as_text(shown) == "id,burn,metadata.a%2Cb"


def test_a_heading_sorts_and_a_second_click_turns_it_round() -> None:
    (first,) = columns.headings({}, columns.named(["id"]))
    assert first.link == "?order=id"
    (again,) = columns.headings({"order": "id"}, columns.named(["id"]))
    assert (again.link, again.sort) == ("?order=-id", "ascending")


def test_a_view_says_how_many_it_shows(person: Client) -> None:
    records.sandbox(owner="ada")
    records.sandbox(owner="bob")
    save(person)
    assert [one.count for one in person.get("/sandboxes/").context["saved"]] == [1]


def test_a_view_whose_address_makes_no_sense_any_more_has_no_count(person: Client) -> None:
    view = save(person)
    SavedView.objects.filter(pk=view.pk).update(address="cpu_min=much")
    assert [one.count for one in person.get("/sandboxes/").context["saved"]] == [None]
