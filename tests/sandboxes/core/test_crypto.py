"""Our keys and secrets at rest: encrypted, rotatable, and never shown."""

import threading

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import connection
from django.forms import modelform_factory

from sandboxes.base import masking
from sandboxes.core import crypto
from sandboxes.models import Account
from sandboxes.models.fields import Sealed


@pytest.fixture
def key_file(settings, tmp_path):
    settings.ENCRYPTION_KEY = ""
    settings.DATA_DIR = tmp_path
    return tmp_path / crypto.KEY_FILE_NAME


def new_key():
    return Fernet.generate_key().decode()


def test_it_works(key_file):
    stored = crypto.encrypt("e2b_ümlaut 😀")

    assert stored.startswith("fernet:")
    assert "mlaut" not in stored
    assert crypto.decrypt(stored) == "e2b_ümlaut 😀"


def test_the_key_file_is_ours_alone_and_stays(key_file):
    stored = crypto.encrypt("x")

    assert key_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key_file.parent.iterdir()] == [key_file.name]
    before = key_file.read_bytes()
    assert crypto.decrypt(stored) == "x"
    assert key_file.read_bytes() == before


def test_a_key_file_open_to_others_is_closed(key_file):
    crypto.encrypt("x")
    key_file.chmod(0o644)

    crypto.encrypt("x")

    assert key_file.stat().st_mode & 0o777 == 0o600


def test_many_that_start_at_once_agree_on_one_key(key_file):
    barrier, found = threading.Barrier(8), []

    def start():
        barrier.wait()
        found.append(crypto.keys())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_new_key_on_top_encrypts_and_the_old_one_still_opens(key_file):
    old = crypto.encrypt("x")
    key_file.write_text(f"{new_key()}\n{key_file.read_text()}")

    fresh = crypto.rotate(old)
    assert crypto.decrypt(old) == crypto.decrypt(fresh) == "x"

    key_file.write_text(key_file.read_text().splitlines()[0])
    assert crypto.decrypt(fresh) == "x"
    with pytest.raises(crypto.CannotDecrypt, match="another key"):
        crypto.decrypt(old)


def test_the_environments_key_comes_before_the_file(key_file, settings):
    settings.ENCRYPTION_KEY = new_key()

    assert crypto.decrypt(crypto.encrypt("x")) == "x"
    assert not key_file.exists()


@pytest.mark.parametrize("wrong", ["hunter2hunter2", "  ,\n"])
def test_a_wrong_key_says_how_to_make_one_and_is_not_quoted(key_file, settings, wrong):
    settings.ENCRYPTION_KEY = wrong

    with pytest.raises(crypto.BadKey, match=r"ENCRYPTION_KEY.*generate_key") as failure:
        crypto.encrypt("x")
    assert "hunter2" not in str(failure.value)


def test_a_key_file_that_cannot_be_made_says_so(key_file, settings):
    (key_file.parent / "file").write_text("")
    settings.DATA_DIR = key_file.parent / "file"

    with pytest.raises(crypto.BadKey, match="Cannot use the key file"):
        crypto.encrypt("x")


def test_text_that_is_not_encrypted_is_not_taken_for_it(key_file):
    with pytest.raises(crypto.CannotDecrypt, match="enter it again"):
        crypto.decrypt("e2b_0123456789")


def test_what_was_opened_is_masked_in_logs(key_file):
    crypto.decrypt(crypto.encrypt("opened-secret"))

    assert masking.mask("opened-secret") == masking.MASK


@pytest.mark.django_db
class TestField:
    @pytest.fixture
    def account(self, key_file):
        return Account.objects.create(name="main", url="https://api.e2b.app", api_key="e2b_secret_key")

    def column(self, account):
        with connection.cursor() as cursor:
            cursor.execute("SELECT api_key, webhook_secret FROM sandboxes_account WHERE id = %s", [account.pk])
            return cursor.fetchone()

    def test_a_row_holds_the_sealed_form_and_an_instance_the_text(self, account):
        api_key, webhook_secret = self.column(account)

        assert api_key.startswith("fernet:")
        assert webhook_secret == ""
        assert account.api_key == "e2b_secret_key"
        assert Account.objects.get(pk=account.pk).api_key == "e2b_secret_key"

    def test_no_representation_shows_it(self, account):
        loaded = Account.objects.get(pk=account.pk)
        listed = Account.objects.values_list("api_key", flat=True)

        assert "secret_key" not in repr(loaded) + str(vars(loaded)) + repr(list(listed))
        assert "secret_key" not in serializers.serialize("json", [loaded])

    def test_a_lost_key_spoils_only_the_reading_of_the_secret(self, account, key_file):
        key_file.write_text(new_key())

        loaded = Account.objects.get(pk=account.pk)
        loaded.name = "renamed"
        loaded.save()

        before = self.column(account)
        assert Account.objects.get(name="renamed")
        with pytest.raises(crypto.CannotDecrypt):
            _ = loaded.api_key
        loaded.api_key = "entered-again"
        loaded.save()
        assert self.column(account) != before
        assert Account.objects.get(pk=account.pk).api_key == "entered-again"

    def test_saving_keeps_the_sealed_form_as_it_is(self, account):
        before = self.column(account)

        loaded = Account.objects.get(pk=account.pk)
        assert loaded.api_key == "e2b_secret_key"
        loaded.save()

        assert self.column(account) == before

    def test_an_update_encrypts_too(self, account):
        Account.objects.update(webhook_secret="wh-secret")

        assert self.column(account)[1].startswith("fernet:")
        assert Account.objects.get(pk=account.pk).webhook_secret == "wh-secret"

    def test_it_cannot_be_searched(self, account):
        with pytest.raises(FieldError):
            Account.objects.filter(api_key="e2b_secret_key").exists()
        assert Account.objects.filter(api_key__isnull=False).exists()

    def test_a_fixture_carries_the_sealed_form(self, account):
        text = serializers.serialize("json", [Account.objects.get(pk=account.pk)])
        Account.objects.all().delete()

        for one in serializers.deserialize("json", text):
            one.save()

        assert Account.objects.get(pk=account.pk).api_key == "e2b_secret_key"

    def test_a_form_never_shows_it_and_keeps_it_when_left_empty(self, account):
        form_class = modelform_factory(Account, fields=["name", "api_key"])
        loaded = Account.objects.get(pk=account.pk)

        assert "secret_key" not in form_class(instance=loaded).as_p()
        assert 'type="password"' in form_class(instance=loaded).as_p()
        form_class({"name": "main", "api_key": ""}, instance=loaded).save()
        assert Account.objects.get(pk=account.pk).api_key == "e2b_secret_key"
        form_class({"name": "main", "api_key": "new-key-123"}, instance=loaded).save()
        assert Account.objects.get(pk=account.pk).api_key == "new-key-123"


def test_a_sealed_text_does_not_show_itself():
    assert repr(Sealed("fernet:abc")) == "<sealed>"
