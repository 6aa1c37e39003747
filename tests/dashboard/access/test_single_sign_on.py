"""Single sign-on against a real provider, run in the test: who comes in, as what, and who doesn't."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import requests
import time_machine
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm
from oidc_provider_mock import run_server_in_thread

from dashboard.access import guarded_session, id_tokens, openid, people
from dashboard.access.callers import Caller
from dashboard.access.guarded_session import guarded
from dashboard.access.rights import EVERYTHING
from dashboard.models import Member, SignInProvider, SignInRules
from tests.support import records

PASSWORD = "long enough for a test"
ROLES = "admin=platform;operator:prod=oncall;viewer=readers"
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def provider(issuer: str, settings: Any, static_files: object) -> str:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = issuer, "sandwarden", "s3cret"
    settings.OIDC_NAME, settings.OIDC_ROLES = "Okta", ROLES
    return issuer


def person_at(issuer: str, sub: str, **claims: Any) -> None:
    said = {"preferred_username": sub, "email": f"{sub}@acme.example", "email_verified": True, **claims}
    httpx.put(f"{issuer}/users/{sub}", json=said).raise_for_status()


def begun(client: Client, path: str = "/login/oidc/sso/") -> str:
    """The provider's address that the browser is led to."""
    return client.get(path)["Location"]


def back(client: Client, address: str, sub: str) -> str:
    """Signs in there; the path that the provider leads back to."""
    there = httpx.post(address, data={"sub": sub})
    assert there.status_code == 302, there.text
    parts = urlsplit(there.headers["Location"])
    return f"{parts.path}?{parts.query}"


def sign_in(client: Client, sub: str, path: str = "/login/oidc/sso/"):
    return client.get(back(client, begun(client, path), sub))


def gets_in(client: Client) -> bool:
    return client.get("/settings/password/").status_code == 200


def test_sign_in_page_offers_the_provider(provider):
    page = Client().get("/login/?next=/cost/")
    assert b"Sign in with Okta" in page.content
    assert b"/login/oidc/sso/?next=%2Fcost%2F" in page.content


def test_person_in_a_group_comes_in_with_its_role_and_accounts(provider):
    prod = records.account("prod")
    person_at(provider, "marta", groups=["oncall", "readers"])
    client = Client()
    assert sign_in(client, "marta", "/login/oidc/sso/?next=/cost/")["Location"] == "/cost/"
    assert gets_in(client)
    member = Member.objects.get(user__username="marta")
    assert (member.role, member.accounts) == ("operator", [prod.pk])
    assert not member.user.has_usable_password()
    assert client.get("/api/v1/me").json()["role"] == "operator"


def test_changed_group_counts_at_the_next_sign_in(provider):
    person_at(provider, "nina", groups=["platform"])
    sign_in(Client(), "nina")
    assert Member.objects.get(user__username="nina").role == "admin"
    other = records.member("root", "admin")
    other.set_password(PASSWORD)
    other.save()
    person_at(provider, "nina", groups=["readers"])
    sign_in(Client(), "nina")
    member = Member.objects.get(user__username="nina")
    assert (member.role, member.user.is_staff) == ("viewer", False)


@pytest.mark.parametrize("groups", [[], ["others"], None, 7])
def test_person_in_no_group_that_counts_is_refused(provider, groups):
    person_at(provider, "olga", groups=groups)
    client = Client()
    answer = sign_in(client, "olga")
    assert answer["Location"] == "/login/"
    assert b"None of your groups at Okta" in client.get("/login/").content
    assert not gets_in(client)
    assert not User.objects.filter(username="olga").exists()


def test_person_who_left_the_groups_is_refused(provider):
    person_at(provider, "otto", groups=["readers"])
    sign_in(Client(), "otto")
    person_at(provider, "otto", groups=[])
    client = Client()
    sign_in(client, "otto")
    assert not gets_in(client)


def test_deactivated_person_does_not_come_in(provider):
    person_at(provider, "pia", groups=["readers"])
    sign_in(Client(), "pia")
    User.objects.filter(username="pia").update(is_active=False)
    client = Client()
    assert sign_in(client, "pia")["Location"] == "/login/"
    assert not gets_in(client)


@pytest.mark.parametrize("claim", [{"preferred_username": "ada"}, {"email": "ada@acme.example"}])
def test_login_that_exists_is_not_taken_over(provider, claim):
    ada = records.member("ada", "admin")
    User.objects.filter(pk=ada.pk).update(email="Ada@acme.example")
    person_at(provider, "mallory", groups=["platform"], **claim)
    client = Client()
    sign_in(client, "mallory")
    assert not gets_in(client)
    assert not SocialAccount.objects.exists()


def test_identity_is_connected_by_its_logins_own_word_alone(provider):
    ada, client = records.member("ada", "admin"), Client()
    client.force_login(ada)
    person_at(provider, "ada-at-okta", groups=["platform"])
    path = "/login/oidc/sso/?process=connect&next=/settings/sign-in/"
    sign_in(client, "ada-at-okta", path)
    assert not SocialAccount.objects.exists(), "nobody asked for it in Settings"
    page = client.post("/settings/sign-in/connect/sso/")
    sign_in(client, "ada-at-okta", page.context["address"])
    assert SocialAccount.objects.get().user == ada
    fresh = Client()
    sign_in(fresh, "ada-at-okta")
    assert fresh.get("/api/v1/me").json()["name"] == "ada"


def test_identity_of_another_login_can_not_be_connected(provider):
    person_at(provider, "rita", groups=["readers"])
    sign_in(Client(), "rita")
    ada, client = records.member("ada", "admin"), Client()
    client.force_login(ada)
    page = client.post("/settings/sign-in/connect/sso/")
    sign_in(client, "rita", page.context["address"])
    assert SocialAccount.objects.get().user.username == "rita"


@pytest.mark.parametrize("verified", [True, False])
def test_invitation_is_accepted_by_a_verified_address(provider, verified):
    by = Caller("user", "user:0", "root", EVERYTHING, "admin")
    invited, text = people.invite(by, "sam", "sam@acme.example", "viewer", None)
    person_at(provider, "sam-at-okta", email="Sam@acme.example", email_verified=verified, groups=["readers"])
    client = Client()
    assert b"Sign in with Okta" in client.get(f"/invitation/{text}/").content
    sign_in(client, "sam-at-okta")
    assert gets_in(client) is verified
    assert SocialAccount.objects.filter(user=invited).exists() is verified
    assert (Client().get(f"/invitation/{text}/").status_code == 410) is verified, "used once"


def test_wrong_nonce_is_refused(provider):
    person_at(provider, "tom", groups=["readers"])
    client = Client()
    address = begun(client)
    nonce = parse_qs(urlsplit(address).query)["nonce"][0]
    client.get(back(client, address.replace(nonce, "another"), "tom"))
    assert not gets_in(client)


def test_answer_is_good_once_and_in_the_browser_that_asked(provider):
    person_at(provider, "uma", groups=["readers"])
    client, other = Client(), Client()
    path = back(client, begun(client), "uma")
    other.get(path)
    assert not gets_in(other)
    client.get(path)
    client.post("/logout/")
    client.get(path)
    assert not gets_in(client)


def test_expired_token_is_refused(provider, monkeypatch):
    person_at(provider, "vera", groups=["readers"])
    client = Client()
    path = back(client, begun(client), "vera")
    read = id_tokens.read

    def much_later(*given: Any) -> Any:
        with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
            return read(*given)

    monkeypatch.setattr(id_tokens, "read", much_later)
    client.get(path)
    assert not gets_in(client)


def test_token_that_another_key_signed_is_refused(provider, monkeypatch):
    person_at(provider, "walt", groups=["readers"])
    client = Client()
    path = back(client, begun(client), "walt")
    key = rsa.generate_private_key(65537, 2048).public_key()
    other = RSAAlgorithm.to_jwk(key, as_dict=True)
    monkeypatch.setattr(openid.Adapter, "keys", lambda _: [other])
    client.get(path)
    assert not gets_in(client)


def test_provider_that_names_another_issuer_is_refused(provider, settings):
    person_at(provider, "xena", groups=["readers"])
    settings.OIDC_ISSUER = f"{provider.replace('localhost', '127.0.0.1')}/.well-known/openid-configuration"
    client = Client()
    path = back(client, begun(client), "xena")
    client.get(path)
    assert not gets_in(client)


def test_signing_out_ends_the_session(provider):
    person_at(provider, "yara", groups=["readers"])
    client = Client()
    sign_in(client, "yara")
    assert gets_in(client)
    client.post("/logout/")
    assert not gets_in(client)


def test_refusal_at_the_provider_leads_back_to_sign_in(provider):
    client = Client()
    there = httpx.post(begun(client), data={"action": "deny"})
    parts = urlsplit(there.headers["Location"])
    state = parse_qs(parts.query).get("state", ["x"])[0]
    assert client.get(f"/login/oidc/sso/callback/?error=access_denied&state={state}")["Location"] == "/login/"


def test_unknown_provider_is_not_there(provider):
    assert Client().get("/login/oidc/other/").status_code == 404
    assert Client().get("/login/oidc/other/callback/").status_code == 404


def test_last_admin_stays_one_whatever_the_provider_says(provider):
    person_at(provider, "zoe", groups=["platform"])
    sign_in(Client(), "zoe")
    zoe = User.objects.get(username="zoe")
    zoe.set_password(PASSWORD)  # they let others in by it
    zoe.save()
    person_at(provider, "zoe", groups=["readers"])
    sign_in(Client(), "zoe")
    assert Member.objects.get(user=zoe).role == "admin"


def test_further_provider_is_added_in_settings_with_its_secret_encrypted(issuer, staff):
    form = {
        "name": "Acme", "slug": "acme", "issuer": issuer, "client_id": "sandwarden", "client_secret": "s3cret-of-acme",
        "role_claim": "groups", "roles": ROLES,
    }  # fmt: skip
    staff.post("/settings/sign-in/providers/", {**form, "roles": "king=platform"})
    assert not SignInProvider.objects.exists()
    staff.post("/settings/sign-in/providers/", form)
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM dashboard_signinprovider")
        assert cursor.fetchone()[0].startswith("fernet:")
    assert b"s3cret-of-acme" not in staff.get("/settings/sign-in/").content
    person_at(issuer, "paul", groups=["readers"])
    client = Client()
    sign_in(client, "paul", "/login/oidc/acme/")
    assert gets_in(client)
    staff.post("/settings/sign-in/providers/acme/", {"do": "disable"})
    assert Client().get("/login/oidc/acme/").status_code == 404


def test_provider_at_a_metadata_address_is_not_taken(staff):
    form = {"name": "x", "slug": "x", "client_id": "x", "role_claim": "groups", "roles": ROLES}
    form["issuer"] = "http://169.254.169.254"
    staff.post("/settings/sign-in/providers/", form)
    assert not SignInProvider.objects.exists()


def test_nothing_is_sent_to_a_forbidden_address(issuer, monkeypatch):
    monkeypatch.setattr(guarded_session, "is_forbidden", lambda address: address.is_loopback)
    with pytest.raises(requests.ConnectionError), guarded(requests.Session()) as session:
        session.get(issuer, timeout=5)


def test_passwords_are_switched_off_by_who_came_by_the_provider_alone(provider, staff):
    off = {"second_factor_from": ""}
    staff.post("/settings/sign-in/rules/", off)
    assert SignInRules.current().passwords_allowed
    person_at(provider, "boss", groups=["platform"])
    client = Client()
    sign_in(client, "boss")
    client.post("/settings/sign-in/rules/", off)
    assert not SignInRules.current().passwords_allowed
    typed = {"username": "ada", "password": PASSWORD}
    assert Client().post("/login/", typed).status_code == 200
    assert b'name="password"' not in Client().get("/login/").content
    call_command("allow_passwords", stdout=StringIO())
    assert Client().post("/login/", typed).status_code == 302


def test_rest_names_the_ways_in(provider, staff):
    person_at(provider, "carl", groups=["readers"])
    sign_in(Client(), "carl")
    found = {one["username"]: one["sign_in"] for one in staff.get("/api/v1/users").json()["items"]}
    assert found == {"ada": ["password"], "carl": ["sso"]}
