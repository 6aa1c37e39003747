"""A key on record goes to the backend it was given for and to no other, whichever way the address is changed."""

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from sandboxes.e2b.urls import origin
from sandboxes.models import Account
from sandboxes.models.bound_key import KeyAskedAgain
from tests.support import records

pytestmark = pytest.mark.django_db
ELSEWHERE = ["https://api.e2b.app.evil.example", "http://api.e2b.app", "https://api.e2b.app:8443"]
THE_SAME = {  # as it is entered: as it is stored
    "https://api.e2b.app/": "https://api.e2b.app",
    "https://API.e2b.app": "https://api.e2b.app",
    "https://api.e2b.app:443": "https://api.e2b.app",
    "https://api.e2b.app/v2": "https://api.e2b.app/v2",
}


@pytest.fixture
def account():
    made = records.account(
        url="https://api.e2b.app", api_key="e2b_of_the_first", webhook_secret="shared-with-it", webhook_id="w1"
    )
    return Account.objects.get(pk=made.pk)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_another_scheme_host_or_port_is_not_saved_without_the_key(account, url):
    account.url = url
    for save in (account.full_clean, account.save, lambda: account.save(update_fields=["url"])):
        with pytest.raises(ValidationError, match="enter the key again"):
            save()
    assert Account.objects.get(pk=account.pk).url == "https://api.e2b.app"


@pytest.mark.parametrize("url", [*ELSEWHERE, *THE_SAME])
def test_address_is_changed_by_save_alone(account, url):
    with pytest.raises(ValueError, match="changed by saving"):
        Account.objects.filter(pk=account.pk).update(url=url, api_key="e2b_of_the_second")
    account.url = url
    with pytest.raises(ValueError, match="changed by saving"), transaction.atomic():
        Account.objects.bulk_update([account], ["url"])
    assert Account.objects.get(pk=account.pk).url == "https://api.e2b.app"


@pytest.mark.parametrize(("url", "stored"), THE_SAME.items())
def test_another_spelling_or_path_of_the_same_backend_asks_for_nothing(account, url, stored):
    account.url = url
    account.save()
    kept = Account.objects.get(pk=account.pk)
    assert (kept.url, kept.api_key, kept.webhook_secret) == (stored, "e2b_of_the_first", "shared-with-it")


def test_with_the_key_it_moves_and_leaves_the_webhook_of_the_former_backend(account):
    account.url, account.api_key = ELSEWHERE[0], "e2b_of_the_second"
    account.save(update_fields=["url", "api_key"])
    kept = Account.objects.get(pk=account.pk)
    assert (kept.url, kept.api_key) == (ELSEWHERE[0], "e2b_of_the_second")
    assert (kept.webhook_secret, kept.webhook_id) == ("", "")


def test_an_account_without_a_key_moves_freely(db):
    one = records.account("keyless", url="http://10.0.0.1")
    one.url = "http://10.0.0.2"
    one.save()
    assert Account.objects.get(pk=one.pk).url == "http://10.0.0.2"


def test_the_admin_asks_for_the_key_of_who_may_only_change_accounts(account, client, mailbox, static_files):
    ada = User.objects.create_user("ada", is_staff=True)
    ada.user_permissions.add(Permission.objects.get(codename="change_account"))
    client.force_login(ada)
    page = reverse("admin:sandboxes_account_change", args=[account.pk])
    given = {"name": "default", "enabled": "on", "owner_keys": "", "environment_keys": "", "keep_metadata": ""}
    answer = client.post(page, given | {"url": ELSEWHERE[0]})
    assert b"enter the key again" in answer.content
    assert Account.objects.get(pk=account.pk).url == "https://api.e2b.app"
    assert client.post(page, given | {"url": ELSEWHERE[0], "api_key": "e2b_of_the_second"}).status_code == 302
    assert Account.objects.get(pk=account.pk).api_key == "e2b_of_the_second"


def test_what_is_no_address_is_only_like_itself():
    records.account("odd", url="http://[", api_key="e2b_of_the_first")
    held = Account.objects.get()
    held.save()
    held.url = "http://]"
    with pytest.raises(KeyAskedAgain):
        held.save()
    assert origin("http://[") is None


def test_former_address_is_read_once_for_each_save(account, django_assert_num_queries):
    account.url, account.api_key = ELSEWHERE[0], "e2b_of_the_second"
    with django_assert_num_queries(2):
        account.save()


def test_another_backend_is_asked_anew_what_it_can_do(account):
    account.capabilities = {"pause": True}
    account.save()
    assert Account.objects.get().capabilities == {"pause": True}
    account.url, account.api_key = ELSEWHERE[0], "e2b_of_the_second"
    account.save(update_fields=["url", "api_key"])
    assert Account.objects.get().capabilities == {}
