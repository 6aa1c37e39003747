"""Where the palette leads and what it does without a sandbox: pages, policies, accounts, the theme, a time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.palette.entries import Entry
from dashboard.ui import formats
from dashboard.ui.moments import typed
from sandboxes.cleanup import policy_book
from sandboxes.core.accounts import enabled_accounts
from sandboxes.models import Freeze

MOST_POLICIES: Final = 5
MOST_ACCOUNTS: Final = 3
PAGES: Final = (
    (gettext_noop("Fleet"), "fleet", "i-fleet", gettext_noop("overview honeycomb live")),
    (gettext_noop("Sandboxes"), "sandboxes", "i-boxes", gettext_noop("list table")),
    (gettext_noop("Events"), "events", "i-events", gettext_noop("stream lifecycle")),
    (gettext_noop("Deliveries"), "deliveries", "i-events", gettext_noop("webhooks refused parked replay")),
    (gettext_noop("Cleanup"), "cleanup", "i-clean", gettext_noop("policies orphans audit reaper")),
    (gettext_noop("Limits"), "limits", "i-gauge", gettext_noop("budget maximum quota over cap")),
    (gettext_noop("Cost"), "cost", "i-cost", gettext_noop("money spend burn waste forecast")),
    (gettext_noop("Settings"), "settings", "i-settings", gettext_noop("webhook account tokens prices")),
)
# Found when something is typed: the pages within pages.
WITHIN: Final = (
    (gettext_noop("Notification channels"), "alert-channels", "i-events", gettext_noop("alerts slack email pagerduty")),
    (gettext_noop("Webhook settings"), "settings", "i-settings", gettext_noop("secret deliveries register")),
    (gettext_noop("Accounts"), "settings-accounts", "i-settings", gettext_noop("add backend project test delete")),
    (gettext_noop("Account settings"), "settings-account", "i-settings", gettext_noop("key api limits owner")),
    (gettext_noop("API tokens"), "settings-tokens", "i-settings", gettext_noop("tokens rest key access")),
    (gettext_noop("Prices"), "settings-prices", "i-settings", gettext_noop("rates money usd")),
    (gettext_noop("Change password"), "settings-password", "i-settings", gettext_noop("own sign-in secret")),
    (gettext_noop("System"), "settings-system", "i-settings", gettext_noop("health disk retention tasks server")),
    (gettext_noop("API docs"), "api-v1:openapi-view", "i-help", gettext_noop("rest openapi reference manual")),
)
THEMES: Final = (
    ("dark", gettext_noop("Theme: dark")),
    ("light", gettext_noop("Theme: light")),
    ("system", gettext_noop("Theme: system setting")),
)


def pages(text: str) -> Iterator[Entry]:
    """Pages by their name, then by what they are also called; without a text the main ones."""
    known = [(_(title), name, mark, _(also)) for title, name, mark, also in (PAGES + WITHIN if text else PAGES)]
    for title, name, mark, also in sorted(known, key=lambda one: not _is_meant(text, one[0])):
        if _is_meant(text, title, also):
            yield Entry(mark, title, link=reverse(name), found=text)


def policies(text: str) -> Iterator[Entry]:
    """Policies that have the text in their name."""
    for policy in policy_book.visible().filter(name__icontains=text).order_by("-enabled", "name")[:MOST_POLICIES]:
        mode = policy.get_mode_display().lower() if policy.enabled else _("off")
        yield Entry("i-clean", policy.name, mode, reverse("policy", args=[policy.pk]), found=text)


def accounts(text: str) -> Iterator[Entry]:
    """Accounts that have the text in their name."""
    named = [one for one in enabled_accounts() if text.lower() in one.name.lower()]
    for account in named[:MOST_ACCOUNTS]:
        link = reverse("settings-account") + "?" + urlencode({"account": account.name})
        yield Entry("i-settings", account.name, _("account"), link, found=text)


def commands(text: str, frozen: Freeze | None, *, may_act: bool, may_change: bool) -> Iterator[Entry]:
    """What is done rather than shown: whoever may act may freeze; to lift it, and to write policies, is for admins."""
    freeze = f"{reverse('cleanup')}#freeze"
    known = [
        *((Entry("i-theme", _(title), does="theme", value=name), _("appearance")) for name, title in THEMES),
        (Entry("i-help", _("Keyboard shortcuts"), does="keys"), _("keys help")),
        (Entry("i-out", _("Sign out"), does="sign-out"), _("logout log out")),
    ]
    if may_change:
        known.insert(0, (Entry("i-clean", _("New policy"), link=reverse("policy-new")), _("add policy create")))
    if may_change or (may_act and not frozen):
        title = _("Unfreeze policies") if frozen else _("Freeze policies…")
        known.insert(0, (Entry("g-pause", title, link=freeze), _("freeze unfreeze stop everything lift")))
    for entry, also in known:
        if _is_meant(text, entry.title, also):
            yield replace(entry, found=text)


def moments(text: str, now: datetime) -> Iterator[Entry]:
    """The fleet at the time that was typed, unless that is to come."""
    at = typed(text, now)
    if at is not None and at <= now:
        link = f"{reverse('fleet')}?at={at:%Y-%m-%dT%H:%M:%SZ}"
        title = _("Fleet at %(time)s UTC, %(day)s") % {"time": f"{at:%H:%M:%S}", "day": f"{at:%a} {at.day} {at:%b %Y}"}
        yield Entry("g-past", title, formats.relative(at, now), link)


def _is_meant(text: str, title: str, also: str = "") -> bool:
    """Whether every word that was typed begins one of the title's or of what it is also called."""
    words = [*title.lower().replace(":", " ").split(), *also.lower().split()]
    return all(any(word.startswith(typed) for word in words) for typed in text.lower().split())
