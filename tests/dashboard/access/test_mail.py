"""Invitations and links for new passwords: by a real mail server where one is set, else handed over by an admin."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard import tasks
from dashboard.access import password_reset
from dashboard.models import SignInRules
from runner import env
from sandboxes.core import queue
from tests.runner.conftest import a_free_port
from tests.support import records

OLD, NEW = "long enough for a test", "quite another passphrase"
pytestmark = pytest.mark.django_db


class Box:
    """What the server took: recipient and text of each."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        text = message_from_bytes(envelope.content, policy=policy.default).get_content()
        self.mails.append((envelope.rcpt_tos[0], text))
        return "250 OK"


@pytest.fixture
def box(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A mail server that is set, and tasks that run at once."""
    taken = Box()
    server = Controller(taken, hostname="127.0.0.1", port=a_free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    monkeypatch.setattr(queue, "try_enqueue", lambda _task, text, **_more: tasks.mail_reset(text))
    yield taken
    server.stop()


@pytest.fixture
def bob(static_files: object) -> User:
    user = records.member("bob", "viewer")
    user.email = "bob@acme.example"
    user.set_password(OLD)
    user.save()
    return user


def path_in(text: str) -> str:
    found = re.search(r"http\S+", text)
    assert found is not None
    return re.sub(r"^https?://[^/]+", "", found[0])


def choose(path: str, password: str = NEW):
    return Client().post(path, {"password": password, "again": password})


def signs_in(password: str) -> bool:
    return Client().post("/login/", {"username": "bob", "password": password}).status_code == 302


def test_invitation_goes_by_mail(box, staff):
    form = {"username": "carl", "email": "carl@acme.example", "role": "viewer", "accounts": ["*"]}
    page = staff.post("/settings/people/", form)
    [(to, text)] = box.mails
    assert to == "carl@acme.example"
    assert page.context["link"] in text
    assert choose(path_in(text)).status_code == 302


@pytest.mark.parametrize("asked", ["bob", "BOB@acme.example"])
def test_forgotten_password_is_chosen_anew_by_the_mailed_link_once(box, bob, asked):
    assert Client().post("/password/reset/", {"username": asked}).status_code == 200
    [(to, text)] = box.mails
    assert to == "bob@acme.example"
    path = path_in(text)
    assert choose(path)["Location"] == "/login/"
    assert (signs_in(NEW), signs_in(OLD)) == (True, False)
    assert choose(path, OLD).status_code == 410


def test_answer_is_the_same_for_names_that_nobody_has(box, bob):
    User.objects.create_user("sso-only", "sso@acme.example")
    pages = [Client().post("/password/reset/", {"username": name}) for name in ("bob", "nobody", "sso-only")]
    assert len({re.sub(rb'value="[^"]{64}"', b"", page.content) for page in pages}) == 1
    assert len(box.mails) == 1


def test_no_link_is_sent_where_passwords_are_switched_off(box, bob):
    SignInRules.objects.create(pk=1, passwords_allowed=False)
    Client().post("/password/reset/", {"username": "bob"})
    assert box.mails == []


def test_link_is_over_after_an_hour(bob):
    path = path_in(password_reset.address_of(bob))
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert choose(path).status_code == 410
    assert Client().get(path).status_code == 200


def test_link_ends_sessions_and_keeps_the_password_rules(bob):
    there = Client()
    there.force_login(bob)
    path = path_in(password_reset.address_of(bob))
    for weak in ("short", "password123"):
        assert choose(path, weak).status_code == 422
    choose(path)
    assert there.get("/cost/").status_code == 302


@pytest.mark.parametrize("key", ["x", "MQ", "OTk5OTk5OTk5OTk5OTk5OTk5OTk"])
def test_link_of_nobody_is_over(key, static_files):
    assert Client().get(f"/password/reset/{key}/abc-def/").status_code == 410


def test_asking_is_braked_per_name_and_address(box, bob):
    for _ in range(15):
        Client(REMOTE_ADDR="192.0.2.90").post("/password/reset/", {"username": "bob"})
    assert len(box.mails) == 10


def test_admin_hands_a_link_over_where_there_is_no_mail(staff, bob):
    assert b"sends no mail" in Client().get("/password/reset/").content
    page = staff.post(f"/settings/people/{bob.pk}/", {"do": "reset"})
    assert choose(path_in(page.context["link"]))["Location"] == "/login/"
    assert signs_in(NEW)


def test_mail_server_that_is_away_leaves_the_link_to_hand_over(staff, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    form = {"username": "carl", "email": "carl@acme.example", "role": "viewer", "accounts": ["*"]}
    page = staff.post("/settings/people/", form)
    assert page.context["mailed"] is False
    assert b"hand this link over" in page.content


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("", env.Mail()),
        ("smtp://mail", env.Mail("mail", 25)),
        ("smtp+tls://a%40b:p%3Aw@mail:2525", env.Mail("mail", 2525, "a@b", "p:w", starttls=True)),
        ("smtps://mail", env.Mail("mail", 465, tls=True)),
    ],
)
def test_mail_server_is_read_from_a_url(url, found):
    assert env.mail(url) == found


@pytest.mark.parametrize("url", ["mail.example", "imap://user:secret@mail", "smtp://", "smtp://user:secret@mail:port"])
def test_what_is_no_mail_server_is_named_without_its_password(url):
    with pytest.raises(env.InvalidVariable) as failure:
        env.mail(url)
    assert "EMAIL_URL" in str(failure.value)
    assert "secret" not in str(failure.value)
