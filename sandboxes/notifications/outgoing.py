"""What a sender is handed: where to, and what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandboxes.notifications.wording import Message


@dataclass(frozen=True)
class Target:
    """An opened channel; neither address nor secret is ever shown."""

    kind: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    allow_private: bool = False


@dataclass(frozen=True)
class Outgoing:
    """One message. `id` is the same whenever it is sent again; `data` is what a webhook receives."""

    id: str
    type: str
    severity: str
    subject: str
    created_at: datetime
    data: Mapping[str, Any]
    message: Message
