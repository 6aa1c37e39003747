"""People: the last admin of all accounts stays, an invitation works once, deactivating ends sessions and tokens."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.access import callers, people, tokens
from dashboard.access.rights import Verb
from tests.support import records

PASSWORD = "long enough for a test"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("static_files")]


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


def test_last_admin_stays_though_another_one_was_invited(root: User) -> None:
    made, text = people.invite(callers.of_user(root), "grace", "", "admin", None)
    for change in (
        lambda: people.set_active(root, active=False),
        lambda: people.change(callers.of_user(root), root, "viewer", None),
    ):
        with pytest.raises(people.LastAdmin):
            change()
    assert people.accept(text, PASSWORD, timezone.now()) == made
    people.set_active(root, active=False)
    assert not User.objects.get(username="root").is_active


def test_invitation_works_once_and_for_three_days(root: User) -> None:
    _, text = people.invite(callers.of_user(root), "grace", "", "operator", None)
    assert people.invited(text, timezone.now() + timedelta(hours=73)) is None
    assert people.accept(text, PASSWORD, timezone.now()) is not None
    assert people.accept(text, PASSWORD, timezone.now()) is None
    assert Client().get(f"/invitation/{text}/").status_code == 410


def test_nobody_gives_what_they_lack() -> None:
    account = records.account()
    by = callers.of_user(records.member("ada", "operator", [account.pk]))
    for role, accounts in (("admin", [account.pk]), ("viewer", None)):
        with pytest.raises(people.NotGiven):
            people.invite(by, "grace", "", role, accounts)


def test_deactivated_persons_sessions_and_tokens_end(root: User) -> None:
    ada = records.member("ada", "operator")
    client = Client()
    client.force_login(ada)
    text = tokens.make(callers.of_user(ada), ada, "mine", [Verb.READ], None, None)[1]
    program = Client(headers={"Authorization": f"Bearer {text}"})
    assert (client.get("/api/v1/me").status_code, program.get("/api/v1/me").status_code) == (200, 200)
    people.set_active(ada, active=False)
    assert (client.get("/api/v1/me").status_code, program.get("/api/v1/me").status_code) == (401, 401)


def test_token_does_no_more_than_its_maker_may_now() -> None:
    ada = records.member("ada", "operator")
    text = tokens.make(callers.of_user(ada), ada, "mine", [Verb.READ, Verb.ACT], None, None)[1]
    program = Client(headers={"Authorization": f"Bearer {text}"})
    records.sandbox("a")
    assert program.get("/api/v1/me").json()["scopes"] == ["read", "act"]
    records.member("ada", "viewer")
    assert program.get("/api/v1/me").json()["scopes"] == ["read"]
    assert program.post("/api/v1/sandboxes/a/kill", b"{}", "application/json").status_code == 403
