"""Form fields for what people and tokens may do, and where."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from dashboard.access.rights import SCOPES, Verb
from sandboxes.core import sight
from sandboxes.models import Account

ALL: Final = "*"
LIVES: Final = (
    ("", gettext_lazy("Never")),
    ("30", gettext_lazy("In 30 days")),
    ("90", gettext_lazy("In 90 days")),
    ("365", gettext_lazy("In a year")),
)
SCOPE_WORDS: Final = (
    ("read", gettext_lazy("see the fleet, its cost and its history")),
    ("lease", gettext_lazy("make and renew leases")),
    ("act", gettext_lazy("kill, pause, resume, protect; freeze policies")),
    ("admin", gettext_lazy("write policies, lift a freeze")),
    ("inside:read", gettext_lazy("look inside a sandbox")),
    ("inside:write", gettext_lazy("run and change things inside a sandbox")),
)


class AccountsField(forms.Field):
    """Keys of the accounts that are ticked; None for all. None ticked is no choice: it must not open them all."""

    widget = forms.MultipleHiddenInput
    default_error_messages = {
        "unknown": gettext_lazy("There is no such account"),
        "required": gettext_lazy("Choose either all accounts or some"),
    }

    def __init__(self) -> None:
        super().__init__(required=True)

    def clean(self, value: Any) -> list[int] | None:
        """Raises ValidationError for none, and for an account that is not there for whoever writes."""
        typed = [one for one in value or [] if one]
        if not typed or (ALL in typed and len(typed) > 1):  # both is no clear choice, and the wider one opens more
            raise forms.ValidationError(self.default_error_messages["required"])
        if ALL in typed:
            return None
        known = account_names()
        keys = [int(one) for one in typed if str(one).isdecimal()]
        if len(keys) != len(typed) or any(key not in known for key in keys):
            raise forms.ValidationError(self.default_error_messages["unknown"])
        return sorted(set(keys))


class ScopesField(forms.MultipleChoiceField):
    """At least one scope."""

    def __init__(self) -> None:
        super().__init__(
            choices=[(str(scope), str(scope)) for scope in SCOPES],
            error_messages={"required": gettext_lazy("Choose at least one scope")},
        )

    def clean(self, value: Any) -> list[Verb]:
        """Raises ValidationError for none, and for one that there is not."""
        return [Verb(scope) for scope in super().clean(value)]


class LifeField(forms.ChoiceField):
    """When it ends: in so many days, or never."""

    def __init__(self) -> None:
        super().__init__(required=False, choices=LIVES)

    def clean(self, value: Any) -> datetime | None:
        """The moment; None for never."""
        days = super().clean(value)
        return timezone.now() + timedelta(days=int(days)) if days else None


def account_names(keys: Collection[int] | None = None) -> dict[int, str]:
    """Names by key of the accounts that whoever asks may see; of these only where `keys` are given."""
    found = Account.objects.order_by("id") if keys is None else Account.objects.filter(pk__in=keys).order_by("id")
    return {account.pk: account.name for account in sight.held(found.only("name"))}
