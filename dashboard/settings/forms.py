"""What a person may type into Settings, and why it can't be taken."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.accounts import pricing
from dashboard.models import ApiToken
from dashboard.settings.access_fields import AccountsField, LifeField, ScopesField
from events.missed import SUBSCRIBED
from events.webhooks import BadAddress, checked
from sandboxes.core.accounts import kept_accounts
from sandboxes.models import Account, AccountPrice, Price
from sandboxes.policies import pairs

MOST_KEYS: Final = 20
SHORTEST_SECRET: Final = 16
MOST_ACTS: Final = 1_000_000  # of policies on an account, an hour or a day
A_MINUTE: Final = timedelta(minutes=1)  # what a box without seconds can be behind


class AddressField(forms.CharField):
    """A public address that deliveries can be sent to."""

    def clean(self, value: Any) -> str:
        """Raises ValidationError with the reason."""
        try:
            return checked(super().clean(value))
        except BadAddress as error:
            raise forms.ValidationError(str(error)) from None


class WebhookForm(forms.Form):
    """Where to deliver, and which types."""

    url = AddressField()
    events = forms.MultipleChoiceField(
        choices=[(one, one) for one in sorted(SUBSCRIBED)],
        error_messages={
            "required": gettext_lazy("Choose at least one event type"),
            "invalid_choice": gettext_lazy("Not a type: %(value)s"),
        },
    )


class ByHandForm(forms.Form):
    """A webhook that a person registers elsewhere: an empty secret keeps the one on record."""

    url = AddressField()
    secret = forms.CharField(required=False, min_length=SHORTEST_SECRET, max_length=256)

    def clean_secret(self) -> str:
        """Headers and shells carry it: printable ASCII, no spaces."""
        secret: str = self.cleaned_data["secret"]
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise forms.ValidationError(_("A secret is printable ASCII without spaces"))
        return secret


class KeysField(forms.CharField):
    """Metadata keys with commas between them, in order."""

    def clean(self, value: Any) -> list[str]:
        """Raises ValidationError for too many, too long or unprintable ones; the same twice counts once."""
        keys = list(dict.fromkeys(word.strip() for word in super().clean(value).split(",") if word.strip()))
        if len(keys) > MOST_KEYS:
            raise forms.ValidationError(_("At most %(count)s keys") % {"count": MOST_KEYS})
        if any(len(key) > 128 or not key.isprintable() for key in keys):
            raise forms.ValidationError(_("A key is printable and at most 128 characters long"))
        return keys


class KeepField(KeysField):
    """KEY=VALUE each, with commas between them: metadata that keeps a sandbox from every policy."""

    def clean(self, value: Any) -> list[str]:
        """Raises ValidationError for one that is no KEY=VALUE."""
        words = super().clean(value)
        try:
            pairs(words)
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None
        return words


class StoredKeysField(KeysField):
    """One key a line; none typed is None: all are stored."""

    def clean(self, value: Any) -> list[str] | None:  # type: ignore[override]
        """Raises ValidationError as KeysField does."""
        return super().clean(str(value or "").replace("\n", ",")) or None


BRAKE: Final = ("per_hour", "per_day")


class AccountForm(forms.Form):
    """What is safe to change of an account while it is watched."""

    cap = forms.IntegerField(required=False, min_value=1, max_value=10_000_000)
    owner_keys = KeysField(required=False)
    environment_keys = KeysField(required=False)
    keep_metadata = KeepField(required=False)
    store_metadata_keys = StoredKeysField(required=False)
    actions = forms.ChoiceField(required=False, choices=Account.Actions.choices)
    actions_name = forms.CharField(required=False)
    brake_per_hour = forms.IntegerField(required=False, min_value=0, max_value=MOST_ACTS)
    brake_per_day = forms.IntegerField(required=False, min_value=0, max_value=MOST_ACTS)

    def __init__(self, *given: Any, account: Account, **more: Any) -> None:
        super().__init__(*given, **more)
        self._account = account

    def clean(self) -> dict[str, Any]:
        """Raising who may change anything at a backend asks for the account's name."""
        cleaned: dict[str, Any] = super().clean() or {}
        order = list(Account.Actions.values)
        wanted = cleaned["actions"] = cleaned.get("actions") or self._account.actions  # an empty choice changes nothing
        raised = order.index(wanted) > order.index(self._account.actions)
        if raised and cleaned.get("actions_name", "").strip() != self._account.name:
            self.add_error("actions", _("Type %(name)s to allow more actions") % {"name": self._account.name})
        return cleaned

    def brake(self) -> dict[str, int] | None:
        """The brake's limits that were typed; None where all are the default."""
        typed = {name: self.cleaned_data.get(f"brake_{name}") for name in BRAKE}
        return {name: most for name, most in typed.items() if most is not None} or None

    @classmethod
    def of(cls, account: Account) -> "AccountForm":
        """As it is on record."""
        keys = {name: ", ".join(getattr(account, name)) for name in ("owner_keys", "environment_keys", "keep_metadata")}
        brake = {f"brake_{name}": most for name, most in (account.brake or {}).items()}
        stored = "\n".join(account.store_metadata_keys or [])
        given = {"cap": account.cap, "actions": account.actions, "store_metadata_keys": stored}
        return cls({**given, **keys, **brake}, account=account)


class KeyForm(forms.Form):
    """The account's API key, entered again: a key that was lost, or a new one."""

    api_key = forms.CharField(max_length=512)

    def clean_api_key(self) -> str:
        """A header carries it: printable ASCII without spaces."""
        key: str = self.cleaned_data["api_key"]
        if not key.isascii() or not key.isprintable() or " " in key:
            raise forms.ValidationError(_("A key is printable ASCII without spaces: copy it again"))
        return key


class TokenForm(forms.Form):
    """A new token: its name, which the audit trail shows, what it may do, where, and until when."""

    name = forms.CharField(max_length=100)
    scopes = ScopesField()
    accounts = AccountsField()
    expires_at = LifeField()

    def clean_name(self) -> str:
        """Names are never given twice, not even those of revoked tokens: the trail names them."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable() or ApiToken.objects.filter(name=name).exists():
            raise forms.ValidationError(_("A token with this name exists or existed"))
        return name


RATES: Final = ("usd_per_vcpu_second", "usd_per_gib_second")
SMALLEST_RATE: Final = Decimal("0.0000000001")


class PriceForm(forms.Form):
    """A price from a moment on, now or later; empty means now. Typed a second, as E2B's list has it, or an hour."""

    account = forms.CharField(required=False, max_length=50)  # before `since`, which is judged with it
    since = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    per = forms.ChoiceField(required=False, choices=[("second", "second"), ("hour", "hour")])
    usd_per_vcpu_second = forms.DecimalField(min_value=0, max_value=3600, max_digits=14, decimal_places=10)
    usd_per_gib_second = forms.DecimalField(min_value=0, max_value=3600, max_digits=14, decimal_places=10)

    def clean_account(self) -> Account | None:
        """None for all accounts without a price of their own."""
        name = self.cleaned_data["account"]
        found = next((one for one in kept_accounts() if one.name == name), None)
        if name and found is None:
            raise forms.ValidationError(_("There is no such account"))
        return found

    def clean_since(self) -> datetime:
        """The past is never repriced."""
        now = timezone.now()
        since: datetime = self.cleaned_data["since"] or now
        if since < now - A_MINUTE:
            raise forms.ValidationError(_("A price must not start in the past"))
        since = max(since, now)
        account = self.cleaned_data.get("account")
        held = Price.objects.filter(since=since) if account is None else account.prices.filter(since=since)
        if held.exists():
            raise forms.ValidationError(_("There is already a price from that moment"))
        return since

    def clean(self) -> dict[str, Any]:
        """Both prices a second, to ten places; over a dollar is a price an hour taken for one a second."""
        cleaned: dict[str, Any] = super().clean() or {}
        seconds = 3600 if cleaned.get("per") == "hour" else 1
        for name in RATES:
            if (typed := cleaned.get(name)) is not None:
                cleaned[name] = rate = (typed / seconds).quantize(SMALLEST_RATE)
                if rate > 1:
                    self.add_error(name, _("At most 1 USD a second: is this a price an hour?"))
                elif typed and not rate:
                    self.add_error(name, _("Too small: it would count as 0"))
        return cleaned

    def save(self) -> Price | AccountPrice:
        """Raises pricing.Taken where somebody else was first."""
        return pricing.add(*(self.cleaned_data[name] for name in ("account", "since", *RATES)))
