"""What a list is asked for: states, metadata in its three layers of encoding, template, start, and the cursor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import get_args
from urllib.parse import unquote_plus

from simulator.errors import BadRequest
from simulator.fleet import Key
from simulator.sandbox import Sandbox, State
from simulator.wire import Request


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sandboxes are meant; an empty `template` and no `started_after` let all through."""

    states: frozenset[State]
    metadata: dict[str, str]
    template: str = ""
    started_after: float | None = None

    def matches(self, sandbox: Sandbox, states: frozenset[State] | None = None) -> bool:
        """Whether the sandbox is meant; with `states` as if these had been asked for."""
        if sandbox.page not in (self.states if states is None else states):
            return False
        if self.template and self.template not in (sandbox.template.id, sandbox.template.alias):
            return False
        if self.started_after is not None and sandbox.started < self.started_after:
            return False
        return not self.metadata or self.metadata.items() <= sandbox.metadata.items()

    @property
    def lets_all_run(self) -> bool:
        """Whether every running sandbox is meant."""
        return not self.metadata and not self.template and self.started_after is None


def read(request: Request) -> Filter:
    """The filter in the query of `GET /v2/sandboxes`. BadRequest when a part of it makes no sense."""
    return Filter(
        states=_states(request.several("state")),
        metadata=metadata(request.text("metadata")),
        template=request.text("template"),
        started_after=request.moment("startedAfter"),
    )


def metadata(query: str) -> dict[str, str]:
    """The pairs of a metadata filter from which HTTP's own layer is off: `k%2520y=v%2F1%2526x` is k y, v/1&x."""
    if not query:
        return {}
    pairs = [pair.split("=") for pair in unquote_plus(query).split("&")]
    if any(len(pair) != 2 for pair in pairs):
        raise BadRequest("invalid metadata query: each pair must be key=value")
    return {unquote_plus(key): unquote_plus(value) for key, value in pairs}


def cursor(key: Key, order: str) -> str:
    """An opaque token for the place just past that sandbox."""
    return urlsafe_b64encode(f"{order}|{key[0].hex()}|{key[1]}".encode()).decode().rstrip("=")


def place(token: str, order: str) -> Key | None:
    """The place a token means, None for an empty one. BadRequest when it is no token of this order."""
    if not token:
        return None
    try:
        made_for, started, sandbox_id = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split("|")
        key = (float.fromhex(started), sandbox_id)
    except (ValueError, OverflowError) as error:
        raise BadRequest("invalid next token") from error
    if made_for != order:
        raise BadRequest("next token was made for the other order")
    return key


def _states(asked: list[str]) -> frozenset[State]:
    every = frozenset[State](get_args(State))
    chosen = frozenset(state for state in every if state in asked)
    if len(chosen) != len(set(asked)):
        raise BadRequest("state must be running or paused")
    return chosen or every
