"""One's own password: changed by whoever knows it, with every other session signed out."""

from typing import Final

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.test import Client

OLD: Final = "long enough for a test"
NEW: Final = "another long enough one"
ADDRESS: Final = "/settings/password/"


@pytest.fixture(autouse=True)
def _redis(mailbox: object) -> None:
    """Guesses are counted in Redis."""


def change(client: Client, old: str = OLD, new: str = NEW, again: str = NEW) -> object:
    return client.post(ADDRESS, {"old": old, "new": new, "again": again})


def test_password_is_changed_and_this_session_stays(person: Client) -> None:
    answer = person.post(ADDRESS, {"old": OLD, "new": NEW, "again": NEW}, follow=True)
    assert b"Your other sessions are signed out." in answer.content
    assert get_user_model().objects.get(username="ada").check_password(NEW)
    assert person.get("/").status_code == 200


def test_other_sessions_are_signed_out(person: Client) -> None:
    elsewhere = Client()
    assert elsewhere.login(username="ada", password=OLD)
    assert elsewhere.get(ADDRESS).status_code == 200
    change(person)
    assert elsewhere.get(ADDRESS).status_code == 302


def test_change_is_in_the_log_and_no_password_is(person: Client) -> None:
    change(person)
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), entry.get_change_message()) == ("ada", "Own password changed")
    assert OLD not in str(vars(entry))
    assert NEW not in str(vars(entry))


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"old": "guess"}, "old", "This is not your present password"),
        ({"old": ""}, "old", "Fill in this field"),
        ({"new": "short", "again": "short"}, "new", "too short"),
        ({"again": "something else"}, "again", "The two new passwords differ"),
        ({"new": OLD, "again": OLD}, "new", "This is your present password"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(person: Client, given: dict[str, str], field: str, said: str) -> None:
    answer = person.post(ADDRESS, {"old": OLD, "new": NEW, "again": NEW} | given)
    assert answer.status_code == 422
    assert said in " ".join(answer.context["form"].errors[field])
    assert f'id="f-{field}"' in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()
    assert get_user_model().objects.get(username="ada").check_password(OLD)
    assert not LogEntry.objects.exists()


def test_guesses_are_braked_as_at_the_sign_in(person: Client) -> None:
    for _ in range(10):
        change(person, old="guess")
    answer = person.post(ADDRESS, {"old": OLD, "new": NEW, "again": NEW})
    assert "Too many wrong passwords" in answer.content.decode()
    assert get_user_model().objects.get(username="ada").check_password(OLD)


def test_whoever_has_no_password_is_told_where_it_is_changed(person: Client) -> None:
    ada = get_user_model().objects.get(username="ada")
    ada.set_unusable_password()
    ada.save()
    person.force_login(ada)
    text = person.get(ADDRESS).content.decode()
    assert "through another provider" in text
    assert 'name="old"' not in text


def test_page_is_reached_from_the_menu_and_the_palette(person: Client) -> None:
    assert f'href="{ADDRESS}"' in person.get("/cost/").content.decode()
    assert f'href="{ADDRESS}"' in person.get("/palette/?q=password").content.decode()
    assert Client().get(ADDRESS).status_code == 302
