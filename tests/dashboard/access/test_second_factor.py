"""A second factor: added, asked for after the password, required by role, and taken away by the server's admin."""

import time
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from dashboard.access.factor_adapter import passkeys_offered
from dashboard.models import SignInRules
from tests.support import records

PASSWORD = "long enough for a test"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(static_files: object):
    user = records.member("ada", "operator")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def client(ada) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def code_of(secret: str, windows_ahead: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + windows_ahead)))


def with_app(user) -> str:
    secret = str(generate_totp_secret())
    TOTP.activate(user, secret)
    return secret


def sign_in(client: Client):
    return client.post("/login/", {"username": "ada", "password": PASSWORD, "next": "/cost/"})


def test_app_is_added_with_a_code_and_brings_recovery_codes(client, ada):
    page = client.get("/settings/sign-in/app/")
    secret = page.context["form"].secret
    assert b"<svg" in page.content
    answer = client.post("/settings/sign-in/app/", {"code": code_of(secret)})
    assert answer["Location"] == "/settings/sign-in/codes/"
    kinds = Authenticator.objects.filter(user=ada).values_list("type", flat=True)
    assert set(kinds) == {"totp", "recovery_codes"}
    shown = client.get("/settings/sign-in/codes/")
    assert len(shown.context["unused_codes"]) == 10


def test_secrets_are_encrypted_at_rest(ada):
    secret = with_app(ada)
    RecoveryCodes.activate(ada)
    for one in Authenticator.objects.filter(user=ada):
        stored = one.data.get("secret") or one.data["seed"]
        assert stored.startswith("fernet:")
        assert secret not in str(one.data)


def test_password_alone_signs_nobody_in_who_has_an_app(ada):
    secret, client = with_app(ada), Client()
    assert sign_in(client)["Location"] == "/login/second-factor/"
    assert client.get("/cost/").status_code == 302
    assert client.get("/api/v1/me").status_code == 401
    assert b"Incorrect code" in client.post("/login/second-factor/", {"code": "000000"}).content
    assert client.post("/login/second-factor/", {"code": code_of(secret)})["Location"] == "/cost/"
    assert client.get("/cost/").status_code == 200


def test_code_works_once(ada):
    secret, code = with_app(ada), ""
    for expected in (302, 200):
        client = Client()
        sign_in(client)
        code = code or code_of(secret)
        assert client.post("/login/second-factor/", {"code": code}).status_code == expected


def test_recovery_code_stands_in_for_the_app_once(ada):
    with_app(ada)
    codes = RecoveryCodes.activate(ada).get_unused_codes()
    for expected in (302, 200):
        client = Client()
        sign_in(client)
        assert client.post("/login/second-factor/", {"code": codes[0]}).status_code == expected


def test_codes_can_not_be_guessed(ada):
    secret, client = with_app(ada), Client()
    sign_in(client)
    for _ in range(5):
        client.post("/login/second-factor/", {"code": "000000"})
    assert client.post("/login/second-factor/", {"code": code_of(secret)}).status_code == 200


def test_known_browser_is_only_noted_after_the_second_factor(ada):
    secret, client = with_app(ada), Client()
    sign_in(client)
    assert "known_browser" not in client.cookies
    client.post("/login/second-factor/", {"code": code_of(secret)})
    assert "known_browser" in client.cookies


def test_lost_encryption_key_lets_no_code_in(ada, settings):
    secret, client = with_app(ada), Client()
    settings.ENCRYPTION_KEY = "Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmE="
    sign_in(client)
    assert client.post("/login/second-factor/", {"code": code_of(secret)}).status_code == 200


def test_app_is_removed_with_its_recovery_codes(client, ada):
    with_app(ada)
    RecoveryCodes.activate(ada)
    assert client.post("/settings/sign-in/app/remove/").status_code == 302
    assert not Authenticator.objects.filter(user=ada).exists()


def test_new_recovery_codes_void_the_old_ones(client, ada):
    with_app(ada)
    old = RecoveryCodes.activate(ada).get_unused_codes()
    client.post("/settings/sign-in/codes/new/")
    assert not set(old) & set(client.get("/settings/sign-in/codes/").context["unused_codes"])


@pytest.mark.parametrize(
    ("url", "offered"),
    [
        ("https://sandwarden.example", True),
        ("http://sandwarden.example", False),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("https://192.0.2.1", False),
        ("https://[2001:db8::1]", False),
    ],
)
def test_passkeys_are_offered_where_browsers_take_them(client, settings, url, offered):
    settings.PUBLIC_URL = url
    assert passkeys_offered() is offered
    assert (client.get("/settings/sign-in/passkeys/add/").status_code == 200) is offered
    assert (b"/settings/sign-in/passkeys/add/" in client.get("/settings/sign-in/").content) is offered


def test_another_ones_passkey_can_not_be_renamed_or_removed(client):
    other = Authenticator.objects.create(user=records.member("bob"), type="webauthn", data={"name": "key"})
    for path in (f"/settings/sign-in/passkeys/{other.pk}/name/", f"/settings/sign-in/passkeys/{other.pk}/remove/"):
        assert client.post(path, {"name": "mine"}).status_code == 404
    other.refresh_from_db()
    assert other.data["name"] == "key"


@pytest.mark.parametrize(
    ("rule", "concerned"),
    [
        ("", set()),
        ("admin", {"admin"}),
        ("operator", {"admin", "operator"}),
        ("viewer", {"admin", "operator", "viewer"}),
    ],
)
def test_role_that_needs_a_factor_leads_nowhere_else_without_one(static_files, rule, concerned):
    SignInRules.objects.create(pk=1, second_factor_from=rule)
    for role in ("admin", "operator", "viewer"):
        user, client = records.member(f"a-{role}", role), Client()
        user.set_password(PASSWORD)
        user.save()
        client.force_login(user)
        asked = role in concerned
        assert (client.get("/cost/").get("Location") == "/settings/sign-in/") is asked, role
        assert (client.get("/api/v1/me").status_code == 403) is asked, role
        fragment = client.get("/fleet/needs/", headers={"HX-Request": "true"})
        assert (fragment.get("HX-Redirect") == "/settings/sign-in/") is asked, role
        assert client.get("/settings/sign-in/").status_code == 200
        assert client.get("/settings/sign-in/app/").status_code == 200
        with_app(user)
        assert client.get("/cost/").status_code == 200, role


def test_login_without_a_role_of_its_own_needs_what_its_role_needs(django_user_model, static_files):
    SignInRules.objects.create(pk=1, second_factor_from="admin")
    for staff in (True, False):
        user = django_user_model.objects.create_user(
            f"old-{staff}", password=PASSWORD, is_staff=staff, is_superuser=staff
        )
        client = Client()
        client.force_login(user)
        assert (client.get("/cost/").get("Location") == "/settings/sign-in/") is staff


def test_only_admins_of_all_accounts_say_who_needs_one(staff):
    assert b'name="second_factor_from"' in staff.get("/settings/sign-in/").content
    staff.post("/settings/sign-in/rules/", {"second_factor_from": "operator", "passwords_allowed": "on"})
    assert SignInRules.current().second_factor_from == "operator"


def test_rest_says_who_has_a_second_factor(staff):
    bob = records.member("bob")
    assert [one["second_factor"] for one in staff.get("/api/v1/users").json()["items"]] == [False, False]
    with_app(bob)
    found = {one["username"]: one["second_factor"] for one in staff.get("/api/v1/users").json()["items"]}
    assert found == {"ada": False, "bob": True}
    assert staff.get(f"/api/v1/users/{bob.pk}").json()["second_factor"] is True


def test_break_glass_takes_the_factors_away_and_ends_sessions(client, ada):
    with_app(ada)
    call_command("reset_second_factor", "ada", stdout=StringIO())
    assert not Authenticator.objects.filter(user=ada).exists()
    assert client.get("/cost/").status_code == 302
    assert sign_in(Client())["Location"] == "/cost/"


def test_sessions_are_listed_and_ended_one_by_one(client, ada):
    elsewhere = Client(headers={"User-Agent": "Mozilla/5.0 (X11) Elsewhere/1"})
    elsewhere.force_login(ada)
    listed = client.get("/settings/sign-in/").context["sessions"]
    assert sorted(one["current"] for one in listed) == [False, True]
    other = next(one for one in listed if not one["current"])
    client.post(f"/settings/sign-in/sessions/{other['id']}/end/")
    assert client.get("/cost/").status_code == 200
    assert elsewhere.get("/cost/").status_code == 302


def test_session_of_another_person_is_not_there(client):
    bob = Client()
    bob.force_login(records.member("bob"))
    theirs = bob.get("/settings/sign-in/").context["sessions"][0]["id"]
    assert client.post(f"/settings/sign-in/sessions/{theirs}/end/").status_code == 404
    assert bob.get("/cost/").status_code == 200


def test_second_factors_are_shown_to_whoever_confirmed_who_they_are(client):
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        answer = client.get("/settings/sign-in/app/")
        assert b"again_password" in answer.content
        assert b'class="qr"' not in answer.content
