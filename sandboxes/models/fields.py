"""A text column that holds a secret in encrypted form and opens it only when it is read from the instance."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from sandboxes.core import crypto

if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:
    _Text = models.TextField  # Django's own class takes no parameters


class Sealed(str):
    """The stored form, `fernet:…`; it opens on access, so one lost key spoils no query over all rows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<sealed>"


class _OpensOnAccess(DeferredAttribute):
    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        return crypto.decrypt(value) if isinstance(value, Sealed) else value

    def __set__(self, instance: Any, value: Any) -> None:
        """Being settable is what puts a descriptor before the instance's own dict when the attribute is read."""
        instance.__dict__[self.field.attname] = value


def is_set(row: models.Model, name: str) -> bool:
    """Whether the encrypted field `name` holds something, without opening it: its encryption key may be lost."""
    return bool(row.__dict__[name])


def opened(row: models.Model, name: str) -> str | None:
    """The open text of the encrypted field `name`, "" for none; None when no encryption key at hand opens it."""
    try:
        return str(getattr(row, name) or "")
    except crypto.CryptoError:
        return None


class EncryptedTextField(_Text):
    """In Python a str, in the database `fernet:…`; empty text and NULL are stored as they are.

    Reading the attribute raises crypto.CannotDecrypt when no key at hand opens it; loading, listing and saving
    the row do not. It can't be searched (every encryption differs): only `isnull` works. In forms and in the
    admin it is a password box that never shows the value and keeps it when left empty.
    """

    descriptor_class = _OpensOnAccess

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return Sealed(value) if value else value

    def to_python(self, value: Any) -> Any:
        """Fixtures carry the sealed form."""
        return Sealed(value) if isinstance(value, str) and value.startswith(crypto.PREFIX) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Takes the sealed form as it lies there, without opening it."""
        stored = model_instance.__dict__.get(self.attname)
        return stored if isinstance(stored, Sealed) else super().pre_save(model_instance, add)

    def get_prep_value(self, value: Any) -> Any:
        if not value:
            return value
        return str(value) if isinstance(value, Sealed) else crypto.encrypt(str(value))

    def value_to_string(self, obj: models.Model) -> str:
        """What dumpdata writes: never the open text."""
        return self.get_prep_value(self.pre_save(obj, add=False)) or ""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """For migrations plain text: they import no code of ours, and see what is stored."""
        name, _, words, options = super().deconstruct()
        return name, "django.db.models.TextField", words, options

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def formfield(
        self,
        form_class: type[forms.Field] | None = None,
        choices_form_class: type[forms.ChoiceField] | None = None,
        **kwargs: Any,
    ) -> forms.Field | None:
        kwargs.update(widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}))
        return super().formfield(form_class=form_class, choices_form_class=choices_form_class, **kwargs)

    def value_from_object(self, obj: models.Model) -> str:  # noqa: ARG002 - Django's signature
        """A form's initial value: nothing, the secret stays where it is."""
        return ""

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        if data:
            super().save_form_data(instance, data)


class HoldsSecrets(models.Model):
    """A model with encrypted fields: what was not typed anew is neither opened nor written when it is checked."""

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """As Django's, which would open every secret, and fail where an encryption key is lost."""
        untouched = {name for name, value in self.__dict__.items() if isinstance(value, Sealed)}
        super().clean_fields(exclude={*(exclude or ()), *untouched})
