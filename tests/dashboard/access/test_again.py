"""Sensitive changes ask who it is, when that was last said more than ten minutes ago; nothing typed is lost."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from dashboard.models import ApiToken, SignInRules
from tests.support import records

PASSWORD = "long enough for a test"
TYPED = {"name": "ci", "scopes": ["read", "act"], "accounts": ["*"], "expires_at": ""}
pytestmark = pytest.mark.django_db


@pytest.fixture
def later(staff: Client) -> Iterator[Client]:
    """Eleven minutes after signing in."""
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        yield staff


def test_change_within_ten_minutes_of_signing_in_asks_nothing(staff):
    staff.post("/settings/tokens/", TYPED)
    assert ApiToken.objects.filter(name="ci").exists()


def test_change_is_done_after_the_password_with_all_that_was_typed(later):
    question = later.post("/settings/tokens/", TYPED)
    assert not ApiToken.objects.filter(name="ci").exists()
    assert dict(question.context["typed"])["name"] == "ci"
    sent = {**TYPED, "again": "POST", "again_password": PASSWORD}
    later.post("/settings/tokens/", sent)
    made = ApiToken.objects.get(name="ci")
    assert set(made.scopes) == {"read", "act"}
    later.post("/settings/tokens/", {**TYPED, "name": "second"})
    assert ApiToken.objects.filter(name="second").exists(), "asked once in ten minutes"


def test_wrong_password_changes_nothing_and_asks_again(later):
    answer = later.post("/settings/tokens/", {**TYPED, "again": "POST", "again_password": "wrong"})
    assert answer.status_code == 422
    assert b"Wrong password" in answer.content
    assert dict(answer.context["typed"])["name"] == "ci"
    assert not ApiToken.objects.filter(name="ci").exists()


def test_guesses_are_braked_as_at_the_sign_in(later):
    for _ in range(10):
        later.post("/settings/tokens/", {**TYPED, "again": "POST", "again_password": "wrong"})
    answer = later.post("/settings/tokens/", {**TYPED, "again": "POST", "again_password": PASSWORD})
    assert b"Too many wrong passwords" in answer.content
    assert not ApiToken.objects.filter(name="ci").exists()


def test_recovery_code_answers_too(later, django_user_model):
    code = RecoveryCodes.activate(django_user_model.objects.get(username="ada")).get_unused_codes()[0]
    later.post("/settings/tokens/", {**TYPED, "again": "POST", "again_code": code})
    assert ApiToken.objects.filter(name="ci").exists()


def test_empty_answer_is_none(later):
    assert later.post("/settings/tokens/", {**TYPED, "again": "POST"}).status_code == 422
    assert not ApiToken.objects.filter(name="ci").exists()


def test_typed_secret_is_kept_in_no_session(later):
    account = records.account()
    later.post(f"/settings/account/key/?account={account.name}", {"api_key": "e2b_5ecret5ecret"})
    assert all("5ecret5ecret" not in str(one.get_decoded()) for one in Session.objects.all())


@pytest.mark.parametrize(
    "address",
    [
        "/settings/people/",
        "/settings/people/1/",
        "/settings/tokens/",
        "/settings/account/",
        "/settings/account/key/",
        "/settings/webhook/replace/",
        "/settings/sign-in/rules/",
        "/settings/sign-in/app/",
        "/settings/sign-in/codes/new/",
    ],
)
def test_sensitive_change_asks(later, address):
    records.account()
    assert "access/again.html" in [one.name for one in later.post(address, {"second_factor_from": "admin"}).templates]
    assert SignInRules.current().second_factor_from == ""


def test_question_in_settings_comes_as_the_part_that_htmx_looks_for(later):
    answer = later.post("/settings/tokens/", TYPED, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert b'id="settings"' in answer.content


def test_rest_asks_nothing(later):
    answer = later.post("/api/v1/users", {"username": "bob"}, "application/json")
    assert answer.status_code == 201
