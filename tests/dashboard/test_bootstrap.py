"""A start with what the environment says: an encryption key that was lost stops nothing, a token that is gone ends."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.test import Client

from dashboard.models import ApiToken
from sandboxes.models import Account
from tests.support import records

pytestmark = pytest.mark.django_db


def bootstrap() -> str:
    said = StringIO()
    call_command("bootstrap", stdout=said)
    return said.getvalue()


@pytest.fixture
def environment(settings):
    settings.ENCRYPTION_KEY = Fernet.generate_key().decode()
    settings.E2B_API_URL, settings.E2B_API_KEY = "http://127.0.0.1:9", "e2b_of_the_environment"
    settings.E2B_WEBHOOK_SECRET = "hook-of-the-environment"
    return settings


def test_start_goes_on_with_the_encryption_key_lost_and_puts_the_environments_keys_back(environment):
    bootstrap()
    environment.ENCRYPTION_KEY = Fernet.generate_key().decode()
    bootstrap()
    account = Account.objects.get(name="default")
    assert (account.api_key, account.webhook_secret) == ("e2b_of_the_environment", "hook-of-the-environment")


def test_key_of_the_former_backend_does_not_go_to_one_that_the_environment_gives_no_key_for(environment):
    bootstrap()
    environment.E2B_API_URL, environment.E2B_API_KEY = "http://127.0.0.2:9", ""
    bootstrap()
    account = Account.objects.get(name="default")
    assert (account.url, account.api_key) == ("http://127.0.0.2:9", "")


@pytest.mark.parametrize(("given", "said"), [("chosen by me", "as in SANDWARDEN_ADMIN_PASSWORD"), ("", "password: ")])
def test_admins_name_is_said_wherever_the_password_comes_from(environment, given, said):
    environment.SANDWARDEN_ADMIN_PASSWORD = given
    told = bootstrap()
    assert told.startswith("admin password: ")
    assert said in told
    assert "chosen by me" not in told
    assert bootstrap() == ""


def test_token_of_the_environment_ends_when_the_variable_is_gone(environment):
    ApiToken.make("made by hand", "another-token-0123456789")
    for text, status in [("first-token-0123456789", 200), ("", 401), ("first-token-0123456789", 200)]:
        environment.SANDWARDEN_API_TOKEN = text
        bootstrap()
        answer = Client().get("/api/v1/policies", headers={"Authorization": "Bearer first-token-0123456789"})
        assert answer.status_code == status
    environment.SANDWARDEN_API_TOKEN = "second-token-0123456789"
    bootstrap()
    for text, status in [("first", 401), ("second", 200), ("another", 200)]:
        answer = Client().get("/api/v1/policies", headers={"Authorization": f"Bearer {text}-token-0123456789"})
        assert answer.status_code == status


def test_every_page_says_which_key_is_lost_and_an_admin_enters_it_again(
    environment, admin_client, static_files, mailbox
):
    environment.E2B_WEBHOOK_SECRET = ""
    bootstrap()
    environment.ENCRYPTION_KEY = Fernet.generate_key().decode()
    for page in ("/", "/sandboxes/", "/events/", "/settings/account/", "/settings/system/"):
        assert "Stored secrets of default can’t be decrypted" in admin_client.get(page).content.decode(), page
    answer = admin_client.post("/settings/account/key/", {"api_key": "e2b_entered_again"})
    assert answer.status_code == 302
    assert Account.objects.get(name="default").api_key == "e2b_entered_again"
    page = admin_client.get("/settings/account/").content.decode()
    assert "can’t be decrypted" not in page
    assert "e2b_entered_again" not in page


def test_only_staff_enter_keys_and_only_what_a_header_holds(environment, client, django_user_model, admin_client):
    records.account("default", api_key="e2b_before")
    client.force_login(django_user_model.objects.create_user("ada"))
    assert client.post("/settings/account/key/", {"api_key": "e2b_entered_again"}).status_code == 403
    admin_client.post("/settings/account/key/", {"api_key": "with a space"})
    assert Account.objects.get(name="default").api_key == "e2b_before"


def test_start_brings_back_a_deleted_account_that_the_environment_names(settings):
    settings.E2B_API_KEY, settings.E2B_API_URL = "e2b_again", "http://127.0.0.1:1"
    gone = records.account("default", deleted_at=records.NOW, enabled=False)
    bootstrap()
    back = Account.objects.get(name="default")
    assert (back.pk, back.enabled, back.api_key) == (gone.pk, True, "e2b_again")
