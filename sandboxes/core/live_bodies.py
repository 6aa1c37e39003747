"""What live messages hold that pages are sent as it is: how an account can be read, and actions whose state moved."""

import msgspec


class AccountStatus(msgspec.Struct, frozen=True):
    """The body of "status". Times in Unix seconds, None before the first; an error is empty when all is well."""

    last_sync_at: float | None
    last_poll_at: float | None
    poll_seconds: float | None
    sync_error: str
    poll_error: str
    reachable: bool | None


class Actor(msgspec.Struct, frozen=True):
    """Who asked: a user, a token or a policy, by name."""

    kind: str
    name: str


class ActionItem(msgspec.Struct, frozen=True):
    """One of the `items` of "action". `act_at` in Unix seconds is when its grace ends."""

    id: int
    kind: str
    state: str
    sandbox_key: int
    sandbox_id: str
    actor: Actor
    act_at: float | None
    outcome: str
    error: str
