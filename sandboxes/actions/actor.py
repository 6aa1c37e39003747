"""Who asks for an action, and the refusal they may get."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Actor:
    """A user or an API token by name, or a policy."""

    kind: Literal["user", "token", "policy"]
    name: str


class NotAllowed(Exception):
    """The account lets nobody change anything at its backend (REST: 403, `details.needs` names the setting)."""

    needs = "account.actions"

    def __init__(self, account: str) -> None:
        super().__init__(
            f"account {account} is read-only: no call that changes anything at its backend is made. "
            "An admin can raise its `actions` setting"
        )


class NotInState(Exception):
    """The sandbox, by our record, is not in a state for this action; the message says which (REST: 409)."""
