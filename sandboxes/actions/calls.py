"""The one call at E2B that an action is, and what its answer means."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sandboxes.e2b import E2BClient
from sandboxes.e2b.errors import (
    BadRequest,
    ChangesForbidden,
    Conflict,
    E2BError,
    LeftAlone,
    NotFound,
    RateLimited,
    TooManySandboxes,
    Unauthorized,
    Unsupported,
)
from sandboxes.models import Action

Kind = Action.Kind
CONFLICT = "conflict"  # E2B did not do it: it was so already, or was changing
ALREADY_PAUSED = "already_paused"


@dataclass(frozen=True)
class Result:
    """What came of a call.

    `done`: E2B answered that it is so. `again`: refused for now, nothing happened. `never`: refused for good.
    `unknown`: it may have happened; only a look tells.
    """

    kind: Literal["done", "again", "never", "unknown"]
    outcome: str = ""
    error: str = ""
    wait_seconds: float | None = None
    counts: bool = True


async def perform(client: E2BClient, action: Action, deadline_seconds: float) -> Result:
    """Makes the action's call within `deadline_seconds`; never raises an E2BError."""
    try:
        return Result("done", await _call(client, action, deadline_seconds))
    except (RateLimited, LeftAlone) as error:
        return Result("again", error=str(error), wait_seconds=error.retry_after or 5.0, counts=False)
    except NotFound as error:
        return Result("never", "gone", error=f"E2B has no such sandbox, or it is not in a state for this: {error}")
    except Conflict as error:
        return Result("unknown", CONFLICT, error=str(error))
    except (BadRequest, ChangesForbidden, TooManySandboxes, Unauthorized, Unsupported) as error:
        return Result("never", "refused", error=str(error))
    except E2BError as error:
        return Result("unknown" if error.maybe_sent else "again", error=str(error))


async def _call(client: E2BClient, action: Action, deadline: float) -> str:
    sandbox_id, seconds = action.sandbox.sandbox_id, int(action.parameters.get("seconds", 0))
    match action.kind:
        case Kind.KILL:
            answer = await client.kill(sandbox_id, deadline_seconds=deadline)
            return "already_gone" if answer.was_gone else "killed"
        case Kind.PAUSE:
            await client.pause(sandbox_id, deadline_seconds=deadline)
            return "paused"
        case Kind.RESUME:
            await client.connect(sandbox_id, seconds, deadline_seconds=deadline)
            return "resumed"
        case Kind.TIMEOUT:
            await client.set_timeout(sandbox_id, seconds, deadline_seconds=deadline)
            return "timeout_set"
        case Kind.EXTEND:
            return await _extend(client, sandbox_id, seconds, deadline)
    raise ValueError(f"{action.kind} is nothing to be sent")


async def _extend(client: E2BClient, sandbox_id: str, seconds: int, deadline: float) -> str:
    """The end becomes now + `seconds`, never earlier than it is: read again first, since E2B's call moves both ways."""
    began = datetime.now(UTC)
    info = await client.get(sandbox_id, deadline_seconds=deadline / 2)
    now = datetime.now(UTC) + timedelta(seconds=client.clock_offset_seconds)
    if info.end_at is None or info.end_at >= now + timedelta(seconds=seconds):
        return "already_longer"
    left = deadline - (datetime.now(UTC) - began).total_seconds()
    await client.set_timeout(sandbox_id, math.ceil(seconds), deadline_seconds=left)
    return "extended"
