"""What can be done to one sandbox: kill, pause, resume, timeout, extend, protect; each is queued and audited."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from dashboard.api.answers import answer, caller, returns
from dashboard.api.errors import Refusal, bad_request
from dashboard.api.params import Form, Moment, Seconds, Text
from dashboard.api.sandboxes import key_or_refusal
from sandboxes.actions import Actor, NotAllowed, NotInState
from sandboxes.actions import request as ask
from sandboxes.models import Sandbox

router = Router(tags=["actions"])


class ActionAccepted(msgspec.Struct, frozen=True):
    """The action that was queued, or that it joined: `GET /actions/{id}` tells what became of it."""

    action_id: int


class ActionBody(Form):
    """`reason` is kept in the audit trail."""

    reason: Text = ""


class TimeoutBody(ActionBody):
    seconds: Seconds


class PauseBody(ActionBody):
    """Without `memory` its disk alone is kept: it comes back as a fresh start."""

    memory: Annotated[bool, Field(strict=True)] = True


class ResumeBody(PauseBody):
    """Without `memory` it starts afresh from its disk, where its snapshot does not wake."""

    seconds: Seconds = 300


class ProtectBody(Form):
    """For good without `until`."""

    until: Moment | None = None
    reason: Text


@router.post("/{sandbox_id}/kill", operation_id="kill_sandbox", **returns(ActionAccepted, 202))
def kill(request: HttpRequest, sandbox_id: str, body: ActionBody | None = None) -> HttpResponse:
    """Ends it for good, a paused one too. A kill that is open already is joined."""
    return _ask(request, sandbox_id, "kill", reason=body.reason if body else "")


@router.post("/{sandbox_id}/pause", operation_id="pause_sandbox", **returns(ActionAccepted, 202))
def pause(request: HttpRequest, sandbox_id: str, body: PauseBody | None = None) -> HttpResponse:
    """Keeps its state and stops its cost."""
    body = body or PauseBody()
    return _ask(request, sandbox_id, "pause", reason=body.reason, memory=body.memory)


@router.post("/{sandbox_id}/resume", operation_id="resume_sandbox", **returns(ActionAccepted, 202))
def resume(request: HttpRequest, sandbox_id: str, body: ResumeBody | None = None) -> HttpResponse:
    """Wakes a paused one for so many seconds, 300 unless told."""
    body = body or ResumeBody()
    return _ask(request, sandbox_id, "resume", seconds=body.seconds, reason=body.reason, memory=body.memory)


@router.post("/{sandbox_id}/timeout", operation_id="set_sandbox_timeout", **returns(ActionAccepted, 202))
def timeout(request: HttpRequest, sandbox_id: str, body: TimeoutBody) -> HttpResponse:
    """Its end becomes now + `seconds`, earlier or later than before."""
    return _ask(request, sandbox_id, "timeout", seconds=body.seconds, reason=body.reason)


@router.post("/{sandbox_id}/extend", operation_id="extend_sandbox", **returns(ActionAccepted, 202))
def extend(request: HttpRequest, sandbox_id: str, body: TimeoutBody) -> HttpResponse:
    """Its end becomes now + `seconds`, never earlier than before."""
    return _ask(request, sandbox_id, "extend", seconds=body.seconds, reason=body.reason)


@router.post("/{sandbox_id}/protect", operation_id="protect_sandbox", **returns(ActionAccepted, 202))
def protect(request: HttpRequest, sandbox_id: str, body: ProtectBody) -> HttpResponse:
    """No policy touches it from the moment this is answered. 409 when it is condemned."""
    if body.until is not None and body.until <= timezone.now():
        raise bad_request("until lies in the past", {"field": "until"})
    return _ask(request, sandbox_id, "protect", until=body.until, reason=body.reason)


@router.delete("/{sandbox_id}/protect", operation_id="unprotect_sandbox", **returns(ActionAccepted, 202))
def unprotect(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    """Lifts the protection."""
    return _ask(request, sandbox_id, "unprotect")


def actor_of(request: HttpRequest) -> Actor:
    """The caller as the audit trail names them."""
    who = caller(request)
    return Actor(who.kind, who.name)


def not_in_state(error: NotInState, details: Any = None) -> Refusal:
    return Refusal(409, "not_in_state", str(error), details=details)


def not_allowed(error: NotAllowed) -> Refusal:
    return Refusal(403, "forbidden", str(error), details={"needs": [error.needs]})


def _ask(
    request: HttpRequest,
    sandbox_id: str,
    kind: str,
    *,
    seconds: int | None = None,
    until: datetime | None = None,
    reason: str = "",
    memory: bool = True,
) -> HttpResponse:
    sandbox = Sandbox.objects.get(pk=key_or_refusal(request, sandbox_id))
    try:
        action = ask(sandbox, kind, actor_of(request), seconds=seconds, until=until, reason=reason, memory=memory)
    except NotAllowed as error:
        raise not_allowed(error) from None
    except NotInState as error:
        raise not_in_state(error, {"state": sandbox.state}) from None
    except ValueError as error:
        raise bad_request(str(error)) from None
    return answer(ActionAccepted(action.pk), 202)
