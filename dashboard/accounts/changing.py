"""Adds and changes an account: what must not happen is rejected here, for page and API alike."""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.webhooks.registration import OVERLAP
from sandboxes.e2b import E2BError
from sandboxes.e2b.connection import checked_url
from sandboxes.e2b.urls import normalised
from sandboxes.models import Account
from sandboxes.models.bound_key import KeyAskedAgain
from sandboxes.models.fields import is_set, opened

ORDER: Final = list(Account.Actions.values)


class NameInUse(ValueError):
    """There is an account of that name, or there was one whose history is kept."""


class KeyNeeded(ValueError):
    """The address leads to another server, and the key on record was given for the former one."""


class NotConfirmed(ValueError):
    """More actions are allowed only by whoever writes the account's name."""


class Invalid(ValueError):
    """A field makes no sense; `field` says which."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


def add(name: str, fields: Mapping[str, Any], confirm: str = "") -> Account:
    """A new account, on which nobody may change anything unless `confirm` repeats its name.

    Raises NameInUse, NotConfirmed and Invalid.
    """
    account = Account(
        name=name, owner_keys=settings.OWNER_KEYS, environment_keys=settings.ENVIRONMENT_KEYS,
        keep_metadata=settings.KEEP_METADATA,
    )  # fmt: skip
    if Account.with_deleted.filter(name=name).exists():
        raise NameInUse(_in_use(name))
    _take(account, fields, confirm)
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError:  # somebody else's, between the question and the answer
        raise NameInUse(_in_use(name)) from None
    return Account.objects.get(pk=account.pk)


@transaction.atomic
def change(account: Account, fields: Mapping[str, Any], confirm: str = "") -> Account:
    """Sets `fields` and nothing else; of `api_key` and `webhook_secret`, None removes.

    Raises KeyNeeded, NotConfirmed and Invalid.
    """
    held = Account.objects.select_for_update().get(pk=account.pk)
    touched = _take(held, fields, confirm)
    try:
        held.save(update_fields=touched)
    except KeyAskedAgain as asked:
        raise KeyNeeded(asked.messages[0]) from None
    return Account.objects.get(pk=held.pk)


def _take(account: Account, fields: Mapping[str, Any], confirm: str) -> list[str]:
    """Sets the fields in memory; the columns that it touched."""
    _check_confirmed(account, fields.get("actions", account.actions), confirm)
    touched = []
    for name, value in fields.items():
        if name == "webhook_secret":
            touched += _take_secret(account, value or "")
            continue
        setattr(account, name, _address(value) if name == "url" else (value or "") if name == "api_key" else value)
        touched.append(name)
    try:
        account.clean()
    except KeyAskedAgain as asked:
        raise KeyNeeded(asked.messages[0]) from None
    except ValidationError as wrong:
        field, whys = next(iter(wrong.message_dict.items()))
        raise Invalid(field, str(whys[0])) from None
    return touched


def _take_secret(account: Account, secret: str) -> list[str]:
    """What is signed with the former one is still believed for a while, unless none is set any more."""
    now = timezone.now()
    former = (opened(account, "webhook_secret") or "") if secret and is_set(account, "webhook_secret") else ""
    account.webhook_secret, account.webhook_secret_at = secret, now if secret else None
    account.previous_webhook_secret = former
    account.previous_secret_until = now + OVERLAP if former else None
    return ["webhook_secret", "webhook_secret_at", "previous_webhook_secret", "previous_secret_until"]


def _check_confirmed(account: Account, wanted: str, confirm: str) -> None:
    if ORDER.index(wanted) > ORDER.index(account.actions) and confirm != account.name:
        told = _("to allow more actions, repeat the account’s name: %(name)s")
        raise NotConfirmed(told % {"name": account.name})


def _address(text: str) -> str:
    try:
        return normalised(checked_url(text))
    except E2BError as wrong:
        raise Invalid("url", str(wrong)) from None


def _in_use(name: str) -> str:
    told = _("the name %(name)s is taken, or its former account’s history is still kept: choose another")
    return told % {"name": name}
