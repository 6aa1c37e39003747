"""Channels as people set them: added, changed and removed, with what that does to messages that still wait."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from sandboxes.models import Channel, Delivery
from sandboxes.models.fields import opened
from sandboxes.notifications import addresses, events, wake
from sandboxes.notifications.addresses import BadChannel
from sandboxes.notifications.senders import apprise

MOST_CHANNELS: Final = 200
NEED_A_SECRET: Final = ("webhook", "pagerduty")


@dataclass(frozen=True)
class Wanted:
    """A channel as it should be. `url` or `secret` None: as it was. No `events`: those that people are told."""

    name: str
    kind: str
    url: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    min_severity: str = "info"
    events: Sequence[str] | None = None
    allow_private: bool = False
    enabled: bool = True


class NameTaken(BadChannel):
    """A channel has this name already."""


def add(wanted: Wanted) -> Channel:
    """A new one. Raises BadChannel, NameTaken."""
    if Channel.objects.filter(name=wanted.name).exists():
        raise NameTaken("name", f"a channel named {wanted.name!r} exists")
    if Channel.objects.count() >= MOST_CHANNELS:
        raise BadChannel("name", f"there are {MOST_CHANNELS} channels already")
    return _put(Channel(name=wanted.name), wanted)


def change(channel: Channel, wanted: Wanted) -> Channel:
    """The same one, otherwise. Its name stays: rules and routes name it. Raises BadChannel."""
    if wanted.name != channel.name:
        raise BadChannel("name", "a name stays: rules and routes refer to it. Add another channel instead")
    return _put(channel, wanted)


def remove(channel: Channel) -> None:
    """Its log stays until it is past its age; what still waits is not sent."""
    with transaction.atomic():
        _suppress(channel, "the channel was removed")
        channel.delete()


def _put(channel: Channel, wanted: Wanted) -> Channel:
    _check_name(wanted.name)
    same_kind = channel.pk is not None and channel.kind == wanted.kind
    kept_url = (opened(channel, "url") or "") if same_kind else ""
    url = kept_url if wanted.url is None else wanted.url
    address = addresses.checked(wanted.kind, url, private=wanted.allow_private)
    if wanted.kind == "apprise" and wanted.url is not None and (wrong := async_to_sync(apprise.check)(address.url)):
        raise BadChannel("url", wrong)
    _check_secret(channel, wanted, moved=same_kind and _origin(kept_url) != _origin(address.url), same_kind=same_kind)
    asked = list(dict.fromkeys(events.FOR_PEOPLE if wanted.events is None else wanted.events))
    _check_events(wanted.kind, asked)
    if address.url != kept_url:
        channel.url, channel.url_at = address.url, timezone.now()
    if wanted.secret is not None or not same_kind:
        channel.secret = wanted.secret or ""
    channel.kind, channel.destination, channel.events = wanted.kind, address.destination, asked
    channel.min_severity, channel.allow_private = wanted.min_severity, wanted.allow_private
    channel.enabled = wanted.enabled
    with transaction.atomic():
        channel.save()
        _rouse(channel)
    return channel


def _check_name(name: str) -> None:
    if not name.strip() or name != name.strip():
        raise BadChannel("name", "a name is needed, without space around it")
    if "/" in name or not name.isprintable():
        raise BadChannel("name", "a name has no slash and no control characters")


def _check_secret(channel: Channel, wanted: Wanted, *, moved: bool, same_kind: bool) -> None:
    """A secret is never sent to another server than the one it was given for."""
    if wanted.secret is not None or not same_kind:
        addresses.check_secret(wanted.kind, wanted.secret or "")
    elif wanted.kind in NEED_A_SECRET and moved:
        raise BadChannel("secret", "enter it again: the address leads to another server")
    elif wanted.kind in NEED_A_SECRET and opened(channel, "secret") is None:
        raise BadChannel("secret", "enter it again: no encryption key at hand opens the one that is set")


def _check_events(kind: str, asked: Sequence[str]) -> None:
    allowed = events.allowed(kind)
    unknown = [one for one in asked if one not in allowed]
    if unknown:
        why = "webhooks alone are told this" if unknown[0] in events.EVENTS else f"it is none of {', '.join(allowed)}"
        raise BadChannel("events", f"{unknown[0][:40]}: {why}")
    if not asked:
        raise BadChannel("events", "name one at least")


def _rouse(channel: Channel) -> None:
    """What waits is tried at once on an enabled channel, whose fault may be mended; on a disabled one it never is."""
    if channel.enabled:
        channel.deliveries.filter(state=Delivery.State.WAITING, held=False).update(next_try_at=timezone.now())
        wake.after_commit()
    else:
        _suppress(channel, "the channel was disabled")


def _suppress(channel: Channel, why: str) -> None:
    waiting = channel.deliveries.filter(state=Delivery.State.WAITING)
    waiting.update(state=Delivery.State.SUPPRESSED, error=why, next_try_at=None)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
