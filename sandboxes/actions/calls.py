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
    ServerFailed,
    TooManySandboxes,
    Unauthorized,
    Unsupported,
)
from sandboxes.models import Action

Kind = Action.Kind
CONFLICT = "conflict"  # E2B did not do it: it was so already, or was changing
ALREADY_PAUSED = "already_paused"
# 503 on a pause: refused and still running; old self-hosted E2B kills what it could not pause.
PAUSE_REJECTED, REJECTED_STATUS = "pause_rejected", 503
NEVER_SENT = "never_sent"  # no try reached the backend
AT_CAPACITY = "at_capacity"  # a start that the plan's limit refused
OTHER_SANDBOX = "other_sandbox"
REJECTED_KEY = 401  # nothing happened, and the key may be replaced in a minute; 403: it is known and may not do this
REJECTED_KEY_SECONDS = 30.0  # to the next try; as many as for any other failure that may pass
GUEST_UNRESPONSIVE = "sandbox_snapshot_guest_agent_unresponsive"


class OtherSandbox(Exception):
    """The backend answered a resume for another sandbox than the one that was asked for."""

    def __init__(self, other: str) -> None:
        super().__init__(f"The backend answered for another sandbox, {other}: look at both before you go on")


@dataclass(frozen=True)
class Result:
    """What came of a call.

    `done`: E2B answered that it is so. `again`: refused for now, nothing happened. `never`: refused for good.
    `unknown`: it may have happened; only verification can show it.
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
    except OtherSandbox as error:
        return Result("never", OTHER_SANDBOX, error=str(error))
    except NotFound as error:
        return Result("never", "gone", error=f"E2B has no such sandbox, or it is not in a state for this: {error}")
    except Conflict as error:
        if error.error_code == GUEST_UNRESPONSIVE:
            advice = "Its snapshot can't be resumed: resume without memory, which boots it from its disk"
            return Result("never", "guest_unresponsive", error=f"{error}. {advice}")
        return Result("unknown", CONFLICT, error=str(error))
    except ServerFailed as error:
        rejected = action.kind == Kind.PAUSE and error.status == REJECTED_STATUS
        return Result("unknown" if error.maybe_sent else "again", PAUSE_REJECTED if rejected else "", str(error))
    except Unauthorized as error:
        if error.status == REJECTED_KEY:
            return Result("again", error=str(error), wait_seconds=REJECTED_KEY_SECONDS)
        return Result("never", "refused", error=str(error))
    except TooManySandboxes as error:
        return Result("never", AT_CAPACITY, error=str(error))
    except (BadRequest, ChangesForbidden, Unsupported) as error:
        return Result("never", "refused", error=str(error))
    except E2BError as error:
        return Result("unknown", error=str(error)) if error.maybe_sent else Result("again", NEVER_SENT, str(error))


async def _call(client: E2BClient, action: Action, deadline: float) -> str:
    sandbox_id, seconds = action.sandbox.sandbox_id, int(action.parameters.get("seconds", 0))
    match action.kind:
        case Kind.KILL:
            answer = await client.kill(sandbox_id, deadline_seconds=deadline)
            return "already_gone" if answer.was_gone else "killed"
        case Kind.PAUSE:
            memory = bool(action.parameters.get("memory", True))
            await client.pause(sandbox_id, memory=memory, deadline_seconds=deadline)
            return "paused"
        case Kind.RESUME:
            memory = bool(action.parameters.get("memory", True))
            answer = await client.connect(sandbox_id, seconds, memory=memory, deadline_seconds=deadline)
            if answer.sandbox_id not in ("", sandbox_id):
                raise OtherSandbox(answer.sandbox_id)
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
