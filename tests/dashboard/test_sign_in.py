"""Guessing at a password ends after ten tries from an address, and others still come in."""

from pathlib import Path

import pytest
from django.test import Client

from dashboard import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(django_user_model, static_files: Path, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow one is not what is tested
    return django_user_model.objects.create_user("ada", password="right-password", is_staff=True)


def attempt(password: str, address: str = "192.0.2.7", path: str = "/login/"):
    return Client(REMOTE_ADDR=address).post(path, {"username": "ada", "password": password})


def test_after_ten_wrong_ones_the_right_one_is_refused_too_but_not_elsewhere(ada):
    for _ in range(sign_in.TRIES):
        assert b"do not go together" in attempt("wrong").content
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


def test_without_redis_nobody_is_locked_out(ada, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert attempt("right-password").status_code == 302
