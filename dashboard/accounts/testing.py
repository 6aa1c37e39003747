"""Connects to a backend with what a person typed and says step by step how it went; stores and changes nothing."""

import asyncio
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpcore
import msgspec
from django.utils.translation import gettext as _

from dashboard.accounts import failure_words
from sandboxes.base import outbound
from sandboxes.cleanup.reaper.brakes import MOST_CLOCK_OFFSET_SECONDS
from sandboxes.e2b import Capabilities, E2BClient, E2BError, probe
from sandboxes.e2b.connection import checked_url
from sandboxes.e2b.listing import Inventory
from sandboxes.e2b.urls import normalised

NAME_SECONDS: Final = 5.0
FIRST_SECONDS: Final = 8.0
LIST_SECONDS: Final = 15.0
PROBE_SECONDS: Final = 12.0
CLOCK_SECONDS: Final = 5.0  # our own clock may be wrong by so much before ages mislead


class Check(msgspec.Struct, frozen=True):
    """One step: `says` what was found, and what to do where it is not `ok`."""

    name: str
    ok: bool
    says: str


@dataclass
class Tested:
    """How far it came. `capabilities` is None and `sandboxes` None where it did not come so far."""

    checks: list[Check] = field(default_factory=list)
    capabilities: Capabilities | None = None
    sandboxes: int | None = None
    listed: list[tuple[str, str]] = field(default_factory=list)  # ID and template of each

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def add(self, name: str, says: str, *, ok: bool = True) -> bool:
        """Notes a step; whether the next one makes sense."""
        self.checks.append(Check(name, ok, says))
        return ok


async def ask_backend(url: str, api_key: str, metadata: Mapping[str, str] | None = None) -> Tested:
    """Everything in some 40 s at most. No changing call can leave: the client may not change anything. Never raises."""
    tested = Tested()
    if not _address(tested, url) or not await _name(tested, url):
        return tested
    try:
        client = E2BClient(
            normalised(checked_url(url)), api_key or None, may_change=False, deadline_seconds=FIRST_SECONDS
        )
    except E2BError as error:
        tested.add("key", str(error), ok=False)
        return tested
    async with client:
        if await _answers(tested, client, metadata):
            await _lists(tested, client, metadata)
            await _capabilities(tested, client)
            _clock(tested, client.clock_offset_seconds)
    return tested


def _address(tested: Tested, url: str) -> bool:
    try:
        checked_url(url)
    except E2BError as error:
        return tested.add("address", str(error), ok=False)
    if why := outbound.wrong_with(url):
        return tested.add("address", _("Not permitted: %(why)s") % {"why": why}, ok=False)
    return True


async def _name(tested: Tested, url: str) -> bool:
    """Whether the name leads somewhere that we may ask; where a proxy resolves it, that is the proxy's to find out."""
    parts = urlsplit(normalised(url))
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if urllib.request.getproxies():
        return True
    try:
        await outbound.addresses_of(host, port, NAME_SECONDS)
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        return tested.add("name", failure_words.of_name(host, error), ok=False)
    return tested.add("name", _("%(host)s resolves") % {"host": host})


async def _answers(tested: Tested, client: E2BClient, metadata: Mapping[str, str] | None) -> bool:
    try:
        await client.list_page(states=("running",), metadata=metadata, limit=1, deadline_seconds=FIRST_SECONDS)
    except E2BError as error:
        name, says = failure_words.of_call(client.base_url, error, has_key=client.has_key)
        return tested.add(name, says, ok=False)
    tested.add("api", _("It answers as an E2B API"))
    return tested.add("key", _("The key is accepted") if client.has_key else _("No key is required"))


async def _lists(tested: Tested, client: E2BClient, metadata: Mapping[str, str] | None) -> None:
    try:
        found = await client.list_all(metadata=metadata, deadline_seconds=LIST_SECONDS)
    except E2BError as error:
        tested.add("list", str(error), ok=False)
        return
    tested.sandboxes = len(found.items)
    tested.listed = [(item.sandbox_id, item.template_id) for item in found.items]
    tested.add("list", _listed(found), ok=found.complete)


def _listed(found: Inventory) -> str:
    count = len(found.items)
    if found.complete:
        return _("%(count)s sandboxes listed, running and paused") % {"count": f"{count:,}"}
    told = _("Only %(count)s sandboxes could be listed: %(why)s")
    return told % {"count": f"{count:,}", "why": found.failure}


async def _capabilities(tested: Tested, client: E2BClient) -> None:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            tested.capabilities = await probe(client)
    except TimeoutError:
        tested.capabilities = Capabilities()


def _clock(tested: Tested, offset: float) -> None:
    side = _("ahead") if offset > 0 else _("behind")
    if abs(offset) <= CLOCK_SECONDS:
        tested.add("clock", _("Its clock agrees with ours"))
        return
    says = _("Its clock is %(seconds)s s %(side)s; times are corrected for that") % {
        "seconds": f"{abs(offset):,.0f}", "side": side,
    }  # fmt: skip
    far = abs(offset) > MOST_CLOCK_OFFSET_SECONDS
    if far:
        says += ". " + _("So far off, policies do nothing: set the clocks of both machines by NTP")
    tested.add("clock", says, ok=not far)
