"""Rotation ends: every secret of every model is re-encrypted with the first key, and what can't be opened is named."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.urls import reverse

from sandboxes.core import crypto, secrets_at_rest
from sandboxes.models import Account, OwnerCallback
from sandboxes.models.fields import opened
from tests.support import records

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(settings):
    """The key that everything was encrypted with."""
    settings.ENCRYPTION_KEY = Fernet.generate_key().decode()
    account = records.account(api_key="e2b_a_key_to_keep", webhook_secret="a-webhook-secret")
    OwnerCallback.objects.create(account=account, url="http://127.0.0.1:1/", secret="a-callback-secret")
    return settings.ENCRYPTION_KEY


def test_it_works(old, settings, capsys):
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEY = f"{new},{old}"
    call_command("rotate_secrets")
    assert "3 re-encrypted with the first key, 0 already used it" in capsys.readouterr().out
    settings.ENCRYPTION_KEY = new
    account = Account.objects.get()
    assert (account.api_key, account.webhook_secret) == ("e2b_a_key_to_keep", "a-webhook-secret")
    assert OwnerCallback.objects.get().secret == "a-callback-secret"
    call_command("rotate_secrets")
    assert "0 re-encrypted with the first key, 3 already used it" in capsys.readouterr().out


def test_every_model_with_a_secret_is_found(old):
    found = {(model.__name__, name) for model, names in secrets_at_rest.encrypted_fields() for name in names}
    assert {("Account", "api_key"), ("Account", "sent_webhook_secret"), ("OwnerCallback", "secret")} <= found


def test_what_cannot_be_opened_is_named_and_the_rest_is_done(old, settings):
    other = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEY = other
    records.account("readable", api_key="e2b_under_another")
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEY = f"{new} {other}"
    with pytest.raises(CommandError, match=r"(?s)could not be opened.*account default: api_key") as failure:
        call_command("rotate_secrets")
    assert "readable" not in str(failure.value)
    settings.ENCRYPTION_KEY = new
    assert Account.objects.get(name="readable").api_key == "e2b_under_another"
    settings.ENCRYPTION_KEY = old
    assert Account.objects.get(name="default").api_key == "e2b_a_key_to_keep"


def test_a_key_that_is_none_says_so(old, settings):
    settings.ENCRYPTION_KEY = "hunter2"
    with pytest.raises(CommandError, match="no Fernet key"):
        call_command("rotate_secrets")


def test_admin_changes_an_account_whose_secrets_cannot_be_opened(old, settings, admin_client, mailbox, static_files):
    settings.ENCRYPTION_KEY = Fernet.generate_key().decode()
    page = reverse("admin:sandboxes_account_change", args=[Account.objects.get().pk])
    given = {"name": "default", "url": "http://127.0.0.1:1", "enabled": "on", "owner_keys": "", "environment_keys": ""}
    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, given | {"api_key": "e2b_entered_again"}).status_code == 302
    account = Account.objects.get()
    assert (account.api_key, opened(account, "webhook_secret")) == ("e2b_entered_again", None)


def test_opened_tells_a_lost_secret_from_none(old, settings):
    assert opened(Account.objects.get(), "webhook_secret") == "a-webhook-secret"
    settings.ENCRYPTION_KEY = Fernet.generate_key().decode()
    account = Account.objects.get()
    assert (opened(account, "webhook_secret"), opened(account, "previous_webhook_secret")) == (None, "")


def test_second_factors_are_re_encrypted_and_named_when_lost(old, settings):
    factor = TOTP.activate(records.member("ada"), "JBSWY3DPEHPK3PXP").instance
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEY = f"{new} {old}"
    call_command("rotate_secrets")
    settings.ENCRYPTION_KEY = new
    factor.refresh_from_db()
    assert crypto.decrypt(factor.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert secrets_at_rest.unreadable() == []
    settings.ENCRYPTION_KEY = old
    assert f"second factor {factor.pk}: secret" in secrets_at_rest.unreadable()
