"""What a backend lacks, found out by cheap calls that change nothing."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import timedelta

from sandboxes.e2b.client import E2BClient
from sandboxes.e2b.errors import BadAnswer, E2BError, NotFound, Unsupported
from sandboxes.e2b.listing import Page


@dataclass(frozen=True)
class Capabilities:
    """True: it has it. False: it lacks it. None: not known yet; try it, and learn from the answer.

    `pause` can't be asked for without pausing something: it is True once a paused sandbox was listed; a failed
    pause tells the rest (`without`).
    """

    bulk_metrics: bool | None = None
    metrics: bool | None = None
    events: bool | None = None
    webhooks: bool | None = None
    pause: bool | None = None
    logs: bool | None = None
    templates: bool | None = None

    def to_dict(self) -> dict[str, bool | None]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> "Capabilities":
        """Unknown names are ignored, and anything but true and false is not known."""
        known = {field.name: data.get(field.name) for field in fields(cls)}
        return cls(**{name: value if isinstance(value, bool) else None for name, value in known.items()})

    def lacks(self, name: str) -> bool:
        """True only when it is known to lack it."""
        return getattr(self, name) is False

    def without(self, name: str) -> "Capabilities":
        """After a call was answered by Unsupported, or by NotFound for a sandbox that is there."""
        return Capabilities.from_dict({**self.to_dict(), name: False})


async def probe(client: E2BClient, former: Capabilities | None = None) -> Capabilities:
    """About eight reading calls. What fails for another reason than being absent keeps its `former` answer.

    Raises nothing: a backend that can't be reached gives `former` back.
    """
    page = await _some_sandboxes(client)
    sandbox_id = page.items[0].sandbox_id if page and page.items else None
    names = {
        "bulk_metrics": lambda: _asks_bulk_metrics(client, sandbox_id),
        "events": lambda: client.events(limit=1),
        "webhooks": client.webhooks,
        "templates": client.templates,
        "pause": lambda: _sees_a_paused_one(client),
        "metrics": lambda: _asks_metrics(client, sandbox_id),
        "logs": lambda: _asks_logs(client, sandbox_id),
    }
    answers = await asyncio.gather(*(_has(ask) for ask in names.values()))
    before = (former or Capabilities()).to_dict()
    return Capabilities.from_dict(
        {name: before[name] if new is None else new for name, new in zip(names, answers, strict=True)}
    )


async def _has(ask: Callable[[], Awaitable[object]]) -> bool | None:
    """None from `ask` means that the answer proves nothing."""
    try:
        return None if await ask() is None else True
    except (NotFound, Unsupported):
        return False
    except BadAnswer as error:
        # A gateway's own 404 page for a path it does not know.
        return False if error.status == 404 else None
    except E2BError:
        return None


async def _some_sandboxes(client: E2BClient) -> Page | None:
    try:
        return await client.list_page(states=("running",), limit=1)
    except E2BError:
        return None


async def _asks_bulk_metrics(client: E2BClient, sandbox_id: str | None) -> object:
    # Without this call a backend looks for a sandbox named "metrics": the shape of the answer tells them apart.
    answer = await client.latest_metrics([sandbox_id or f"i{secrets.token_hex(10)}"])
    return None if answer.refused_ids else answer


async def _sees_a_paused_one(client: E2BClient) -> object:
    page = await client.list_page(states=("paused",), limit=1)
    return any(item.state == "paused" for item in page.items) or None


async def _asks_metrics(client: E2BClient, sandbox_id: str | None) -> object:
    if sandbox_id is None:
        return None
    now = client.sender.timing.now()
    return await _of_a_living_one(
        client, sandbox_id, client.metrics_history(sandbox_id, now - timedelta(seconds=60), now)
    )


async def _asks_logs(client: E2BClient, sandbox_id: str | None) -> object:
    if sandbox_id is None:
        return None
    return await _of_a_living_one(client, sandbox_id, client.logs(sandbox_id, limit=1))


async def _of_a_living_one(client: E2BClient, sandbox_id: str, asked: Awaitable[object]) -> object:
    """A 404 counts against the backend only while the sandbox itself is there."""
    try:
        return await asked
    except NotFound:
        try:
            await client.get(sandbox_id)
        except NotFound:
            return None
        raise
