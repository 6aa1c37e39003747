"""Guessing at a password ends after ten tries from an address, and others still come in."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import connection
from django.test import Client

from dashboard.access import brake, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(django_user_model, static_files: Path, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow one is not what is tested
    return django_user_model.objects.create_user("ada", password="right-password", is_staff=True)


def attempt(password: str, address: str = "192.0.2.7", path: str = "/login/"):
    return Client(REMOTE_ADDR=address).post(path, {"username": "ada", "password": password})


def test_after_ten_wrong_ones_the_right_one_is_refused_too_but_not_elsewhere(ada):
    for _ in range(brake.TRIES):
        assert b"Wrong username or password" in attempt("wrong").content
    braked = attempt("right-password")
    assert b"Too many wrong passwords" in braked.content
    assert attempt("right-password", "192.0.2.8").status_code == 302


def test_a_right_one_wipes_the_count(ada):
    for _ in range(brake.TRIES - 1):
        attempt("wrong", "192.0.2.9")
    assert attempt("right-password", "192.0.2.9").status_code == 302
    attempt("wrong", "192.0.2.9")
    assert attempt("right-password", "192.0.2.9").status_code == 302


def test_one_household_is_one_address(ada):
    for number in range(brake.TRIES):
        attempt("wrong", f"2001:db8::{number:x}")
    assert b"Too many wrong passwords" in attempt("right-password", "2001:db8::ffff").content


def through(client: str, password: str, proxy: str = "127.0.0.1"):
    """Signs in as a client of a proxy that appends to what the client wrote itself."""
    proxied = Client(REMOTE_ADDR=proxy, headers={"X-Forwarded-For": client})
    return proxied.post("/login/", {"username": "ada", "password": password})


def test_forwarded_header_is_not_believed_without_trusted_proxies(ada):
    for number in range(brake.TRIES):
        through(f"203.0.113.{number}", "wrong", "192.0.2.20")
    assert b"Too many wrong passwords" in through("203.0.113.99", "right-password", "192.0.2.20").content


def test_clients_of_a_trusted_proxy_are_told_apart_and_can_not_choose_who_they_are(ada, settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(brake.TRIES):
        through(f"198.51.100.{number}, 203.0.113.5", "wrong", "192.0.2.21")
    assert b"Too many wrong passwords" in through("198.51.100.77, 203.0.113.5", "right-password").content
    assert through("198.51.100.7", "right-password", "192.0.2.21").status_code == 302


def test_without_redis_nobody_is_locked_out(ada, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert attempt("right-password").status_code == 302


def test_admin_login_leads_to_the_one_door(ada):
    answer = Client().get("/admin/login/?next=/admin/auth/user/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=%2Fadmin%2Fauth%2Fuser%2F")


def test_own_form_signs_in_and_leads_where_the_person_wanted_to_go(ada):
    sent = {"username": "ada", "password": "right-password", "next": "/cost/"}
    assert Client().post("/login/", sent)["Location"] == "/cost/"
    assert Client().post("/login/", {**sent, "next": "https://evil.example/"})["Location"] == "/"


def test_program_that_accepts_json_gets_the_same_answer(ada):
    sent = {"username": "ada", "password": "right-password"}
    answer = Client(headers={"Accept": "application/json"}).post("/login/", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_pages_that_are_not_offered_are_not_there(ada):
    for path in ("/accounts/", "/accounts/signup/", "/signup/", "/login/signup/", "/login/code/", "/accounts/email/"):
        assert Client().get(path).status_code == 404, path


def test_brake_of_one_user_leaves_others_of_that_address_alone(ada, django_user_model):
    django_user_model.objects.create_user("bob", password="right-password")
    for _ in range(brake.TRIES):
        attempt("wrong", "192.0.2.40")
    sent = {"username": "bob", "password": "right-password"}
    assert Client(REMOTE_ADDR="192.0.2.40").post("/login/", sent).status_code == 302


def test_address_that_tries_many_names_is_braked_for_all(ada):
    for number in range(brake.TRIES_OF_ADDRESS):
        sent = {"username": f"name-{number}", "password": "wrong"}
        Client(REMOTE_ADDR="192.0.2.41").post("/login/", sent)
    assert b"Too many wrong passwords" in attempt("right-password", "192.0.2.41").content


def test_right_ones_do_not_wipe_the_count_of_their_address(ada, monkeypatch):
    monkeypatch.setattr(brake, "TRIES_OF_ADDRESS", 4)
    for number in range(3):
        Client(REMOTE_ADDR="192.0.2.42").post("/login/", {"username": f"name-{number}", "password": "wrong"})
        assert attempt("right-password", "192.0.2.42").status_code == 302
    Client(REMOTE_ADDR="192.0.2.42").post("/login/", {"username": "name-3", "password": "wrong"})
    assert b"Too many wrong passwords" in attempt("right-password", "192.0.2.42").content


def test_known_browser_gets_in_while_others_guess_from_its_address(ada):
    known = Client(REMOTE_ADDR="192.0.2.43")
    sent = {"username": "ada", "password": "right-password"}
    assert known.post("/login/", sent).status_code == 302
    known.post("/logout/")
    for _ in range(brake.TRIES):
        attempt("wrong", "192.0.2.43")
    assert b"Too many wrong passwords" in attempt("right-password", "192.0.2.43").content
    assert known.post("/login/", sent).status_code == 302


def test_known_browser_has_a_brake_of_its_own_and_opens_no_other_name(ada, django_user_model):
    django_user_model.objects.create_user("bob", password="right-password")
    known = Client(REMOTE_ADDR="192.0.2.44")
    known.post("/login/", {"username": "ada", "password": "right-password"})
    known.post("/logout/")
    for name in ("ada", "bob"):
        for _ in range(brake.TRIES):
            known.post("/login/", {"username": name, "password": "wrong"})
        sent = {"username": name, "password": "right-password"}
        assert b"Too many wrong passwords" in known.post("/login/", sent).content, name


def test_forged_cookie_is_no_known_browser(ada):
    for _ in range(brake.TRIES):
        attempt("wrong", "192.0.2.45")
    forger = Client(REMOTE_ADDR="192.0.2.45")
    forger.cookies["known_browser"] = "WyJhIixbImIiXV0:1abcde:forged"
    assert (
        b"Too many wrong passwords" in forger.post("/login/", {"username": "ada", "password": "right-password"}).content
    )


def test_tries_are_counted_before_the_password_is_looked_at(ada, monkeypatch):
    looked = []
    monkeypatch.setattr(sign_in.Braked, "checked", lambda *_: looked.append(1))
    for _ in range(brake.TRIES + 3):
        attempt("wrong", "192.0.2.46")
    assert len(looked) == brake.TRIES


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_no_connection_is_held_while_a_password_is_hashed(ada, monkeypatch, rf, name):
    held = []
    noted = lambda *_: held.append(connection.connection)  # noqa: E731
    monkeypatch.setattr(type(ada), "check_password", noted)
    monkeypatch.setattr(type(ada), "set_password", noted)
    assert authenticate(rf.post("/login/", REMOTE_ADDR="192.0.2.47"), username=name, password="wrong") is None
    assert held == [None]


@pytest.mark.django_db(transaction=True)
def test_two_hash_at_once_with_a_pool_of_one_connection(ada, monkeypatch, rf):
    pooled: Any = connection
    options, both = connection.settings_dict["OPTIONS"], Barrier(2, timeout=20)
    before = options["pool"]
    monkeypatch.setattr(type(ada), "check_password", lambda *_: both.wait() >= 0)

    def come_in(number: int) -> str:
        try:
            found = authenticate(rf.post("/login/", REMOTE_ADDR=f"192.0.2.{number}"), username="ada", password="x")
            return found.get_username() if found else ""
        finally:
            connection.close()

    connection.close()
    pooled.close_pool()
    options["pool"] = {"min_size": 1, "max_size": 1, "timeout": 10}
    try:
        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(come_in, [60, 61])) == ["ada", "ada"]
    finally:
        pooled.close_pool()
        options["pool"] = before
