"""The form of a channel: for each kind the fields it has, and what is wrong at the field."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from sandboxes.models import Channel
from sandboxes.models.fields import is_set
from sandboxes.notifications import events
from sandboxes.notifications.addresses import BadChannel
from sandboxes.notifications.book import NEED_A_SECRET, Wanted

EVENT_WORDS: Final[Mapping[str, str]] = {
    "alert.firing": gettext_noop("Alert fires"),
    "alert.acknowledged": gettext_noop("Alert acknowledged"),
    "alert.resolved": gettext_noop("Alert resolved"),
    "limit.reached": gettext_noop("Limit reached"),
    "orphan.marked": gettext_noop("Orphan marked"),
    "action.confirmed": gettext_noop("Action confirmed"),
    "action.failed": gettext_noop("Action failed"),
}
# By kind: what its address is called, an example, and what to know.
ADDRESSES: Final[Mapping[str, tuple[str, str, str]]] = {
    "email": (gettext_noop("Recipients"), "oncall@example.com", gettext_noop("Several with commas between them.")),
    "slack": (
        gettext_noop("Webhook URL"), "https://hooks.slack.com/services/…",
        gettext_noop("An incoming webhook of a Slack app, or of whatever takes the same."),
    ),
    "pagerduty": (
        gettext_noop("Server"), "https://events.pagerduty.com",
        gettext_noop("Leave it blank, but for the EU: https://events.eu.pagerduty.com"),
    ),
    "webhook": (
        gettext_noop("URL"), "https://example.com/hooks/sandwarden", gettext_noop("Signed by Standard Webhooks."),
    ),
    "apprise": (
        gettext_noop("Apprise URL"), "tgram://…",
        gettext_noop("Discord, Telegram, Teams, Opsgenie, ntfy and others: see the documentation."),
    ),
}  # fmt: skip
SECRETS: Final[Mapping[str, tuple[str, str]]] = {
    "pagerduty": (gettext_noop("Integration key"), gettext_noop("Of an Events API v2 integration.")),
    "webhook": (
        gettext_noop("Signing secret"),
        gettext_noop("whsec_ and 24 to 64 bytes in base64; the receiver verifies with it."),
    ),
}  # fmt: skip


class ChannelForm(forms.Form):
    """What stays blank of address and secret is kept; `channel` is the one that is changed."""

    name = forms.CharField(max_length=100, strip=True)
    kind = forms.ChoiceField(choices=Channel.Kind.choices)
    url = forms.CharField(max_length=2000, required=False)
    secret = forms.CharField(max_length=256, required=False)
    min_severity = forms.ChoiceField(choices=Channel.Severity.choices)
    events = forms.MultipleChoiceField(
        choices=[(one, one) for one in events.EVENTS], error_messages={"required": gettext_lazy("Choose one at least.")}
    )
    allow_private = forms.BooleanField(required=False)
    enabled = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, channel: Channel | None = None) -> None:
        super().__init__(data)
        self.channel = channel

    @classmethod
    def of(cls, channel: Channel) -> "ChannelForm":
        """As the channel is; neither address nor secret."""
        form = cls(channel=channel)
        form.initial = {name: getattr(channel, name) for name in
                        ("name", "kind", "min_severity", "events", "allow_private", "enabled")}  # fmt: skip
        return form

    def clean_name(self) -> str:
        """A name stays: rules and routes refer to it."""
        return self.channel.name if self.channel is not None else str(self.cleaned_data["name"])

    def clean_kind(self) -> str:
        """So does the kind."""
        return self.channel.kind if self.channel is not None else str(self.cleaned_data["kind"])

    def wanted(self) -> Wanted:
        """The channel that was asked for; of a new PagerDuty channel the address may be blank."""
        given = dict(self.cleaned_data)
        given["url"] = given["url"] or ("" if self.channel is None else None)
        given["secret"] = given["secret"] or ("" if self.channel is None else None)
        return Wanted(**given)

    def refuse(self, wrong: BadChannel) -> None:
        """Says at its field what can't be."""
        self.add_error(wrong.field, str(wrong)[:1].upper() + str(wrong)[1:])

    @property
    def of_kind(self) -> str:
        """Which kind's fields are shown."""
        return str(self["kind"].value())

    @property
    def address(self) -> tuple[str, str, str]:
        """What its address is called, an example and a hint."""
        label, example, hint = ADDRESSES.get(self.of_kind, ADDRESSES["webhook"])
        return _(label), example, _(hint)

    @property
    def secret_words(self) -> tuple[str, str] | None:
        """What its secret is called, and a hint; None where its kind has none."""
        found = SECRETS.get(self.of_kind)
        return (_(found[0]), _(found[1])) if found else None

    @property
    def has_secret(self) -> bool:
        """Whether one is on record."""
        return self.channel is not None and self.of_kind in NEED_A_SECRET and is_set(self.channel, "secret")

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """The events of its kind: code, words, and whether it is ticked."""
        ticked = self["events"].value() or ()
        return [(one, _(EVENT_WORDS[one]), one in ticked) for one in events.allowed(self.of_kind)]


def blank(kind: str) -> ChannelForm:
    """Of a new channel."""
    form = ChannelForm()
    form.initial = {
        "kind": kind, "min_severity": "warning", "enabled": True,
        "events": events.HAPPENINGS + events.FOR_PEOPLE if kind == "webhook" else events.FOR_PEOPLE,
    }  # fmt: skip
    return form
