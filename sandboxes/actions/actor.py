"""Who asks for an action, and the refusal they may get."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Actor:
    """A user or an API token by name, or a policy."""

    kind: Literal["user", "token", "policy"]
    name: str


class NotInState(Exception):
    """The sandbox, by our record, is not in a state for this action; the message says which (REST: 409)."""
