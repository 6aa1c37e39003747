"""Guessing at a password ends after ten tries from an address, and others still come in."""

from pathlib import Path

import pytest
from django.test import Client

from dashboard.access import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(django_user_model, static_files: Path, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow one is not what is tested
    return django_user_model.objects.create_user("ada", password="right-password", is_staff=True)


def attempt(password: str, address: str = "192.0.2.7", path: str = "/login/"):
    return Client(REMOTE_ADDR=address).post(path, {"username": "ada", "password": password})


def test_after_ten_wrong_ones_the_right_one_is_refused_too_but_not_elsewhere(ada):
    for _ in range(sign_in.TRIES):
        assert b"Wrong username or password" in attempt("wrong").content
    braked = attempt("right-password")
    assert b"Too many wrong passwords" in braked.content
    assert attempt("right-password", path="/admin/login/").status_code == 200, "the admin has the same brake"
    assert attempt("right-password", "192.0.2.8").status_code == 302


def test_a_right_one_wipes_the_count(ada):
    for _ in range(sign_in.TRIES - 1):
        attempt("wrong", "192.0.2.9")
    assert attempt("right-password", "192.0.2.9").status_code == 302
    attempt("wrong", "192.0.2.9")
    assert attempt("right-password", "192.0.2.9").status_code == 302


def test_one_household_is_one_address(ada):
    for number in range(sign_in.TRIES):
        attempt("wrong", f"2001:db8::{number:x}")
    assert b"Too many wrong passwords" in attempt("right-password", "2001:db8::ffff").content


def through(client: str, password: str, proxy: str = "127.0.0.1"):
    """Signs in as a client of a proxy that appends to what the client wrote itself."""
    proxied = Client(REMOTE_ADDR=proxy, headers={"X-Forwarded-For": client})
    return proxied.post("/login/", {"username": "ada", "password": password})


def test_forwarded_header_is_not_believed_without_trusted_proxies(ada):
    for number in range(sign_in.TRIES):
        through(f"203.0.113.{number}", "wrong", "192.0.2.20")
    assert b"Too many wrong passwords" in through("203.0.113.99", "right-password", "192.0.2.20").content


def test_clients_of_a_trusted_proxy_are_told_apart_and_can_not_choose_who_they_are(ada, settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(sign_in.TRIES):
        through(f"198.51.100.{number}, 203.0.113.5", "wrong", "192.0.2.21")
    assert b"Too many wrong passwords" in through("198.51.100.77, 203.0.113.5", "right-password").content
    assert through("198.51.100.7", "right-password", "192.0.2.21").status_code == 302


def test_without_redis_nobody_is_locked_out(ada, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert attempt("right-password").status_code == 302
