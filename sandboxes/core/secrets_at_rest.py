"""Every secret that is kept, whichever model holds it: all put under the newest key, and masked where they show."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models, transaction

from sandboxes.base import masking
from sandboxes.core import crypto
from sandboxes.models import Account
from sandboxes.models.fields import EncryptedTextField, Sealed, opened


@dataclass
class Rotation:
    """How many secrets were re-encrypted with the first key, how many already used it, which could not be opened."""

    rotated: int = 0
    current: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate_all() -> Rotation:
    """A row is one transaction: it can be stopped and run again at any time. Raises BadKey."""
    done = Rotation()
    for model, names in encrypted_fields():
        for key in model._default_manager.order_by("pk").values_list("pk", flat=True):
            _rotate_row(model, key, names, done)
    for key in _factors().order_by("pk").values_list("pk", flat=True):
        _rotate_factor(key, done)
    return done


def learn(account: Account) -> None:
    """Opens all secrets of an account, so that they are masked in whatever this process shows; those that it can."""
    for name in _names(Account):
        masking.register(opened(account, name) or "")


def unreadable() -> list[str]:
    """The stored secrets that none of the keys at hand opens. Raises BadKey."""
    found = []
    for model, names in encrypted_fields():
        for row in model._default_manager.order_by("pk"):
            for name in names:
                stored = row.__dict__[name]
                if isinstance(stored, Sealed) and not _opens(stored):
                    found.append(f"{model._meta.verbose_name} {row}: {name}")
    for row in _factors().order_by("pk"):
        held = [(name, str(text)) for name, text in row.data.items() if str(text).startswith(crypto.PREFIX)]
        found += [f"second factor {row.pk}: {name}" for name, text in held if not _opens(Sealed(text))]
    return found


def _factors() -> models.QuerySet[Any]:
    """Second factors of people: django-allauth keeps their secrets, encrypted with our key, within JSON."""
    found: models.QuerySet[Any] = apps.get_model("mfa", "Authenticator")._default_manager.all()
    return found


@transaction.atomic
def _rotate_factor(key: object, done: Rotation) -> None:
    row = _factors().select_for_update().filter(pk=key).first()
    if row is None:
        return
    held = {name: text for name, text in row.data.items() if str(text).startswith(crypto.PREFIX)}
    for name, text in held.items():
        try:
            if crypto.is_current(text):
                done.current += 1
                continue
            row.data[name] = crypto.rotate(text)
            done.rotated += 1
        except crypto.CannotDecrypt:
            done.unreadable.append(f"second factor {row.pk}: {name}")
    if held:
        row.save(update_fields=["data"])


def _opens(stored: Sealed) -> bool:
    try:
        crypto.decrypt(stored)
    except crypto.CannotDecrypt:
        return False
    return True


def encrypted_fields() -> Iterator[tuple[type[models.Model], list[str]]]:
    """Every model that holds secrets, and in which fields."""
    for model in apps.get_models():
        if names := _names(model):
            yield model, names


def _names(model: type[models.Model]) -> list[str]:
    return [one.attname for one in model._meta.concrete_fields if isinstance(one, EncryptedTextField)]


@transaction.atomic
def _rotate_row(model: type[models.Model], key: object, names: list[str], done: Rotation) -> None:
    row = model._default_manager.select_for_update().filter(pk=key).first()
    fresh: dict[str, str] = {}
    for name in names if row is not None else []:
        stored = row.__dict__[name]
        if not isinstance(stored, Sealed):
            continue  # empty
        if crypto.is_current(stored):
            done.current += 1
            continue
        try:
            fresh[name] = Sealed(crypto.rotate(stored))
        except crypto.CannotDecrypt:
            done.unreadable.append(f"{model._meta.verbose_name} {row}: {name}")
    if fresh:
        model._default_manager.filter(pk=key).update(**fresh)
        done.rotated += len(fresh)
