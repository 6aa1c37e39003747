"""The calls that change a sandbox; in this project only `sandboxes.actions` makes them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from sandboxes.e2b.calls import Call, call
from sandboxes.e2b.connection import Connection


@dataclass(frozen=True)
class Answer:
    """What a change was answered, with our clock's times: the backend's word, not yet the fact.

    `sandbox_id` is the one that a create or connect was answered for, empty where it did not say.
    """

    status: int
    sent_at: datetime
    received_at: datetime
    sandbox_id: str = ""

    @property
    def was_gone(self) -> bool:
        """A kill found nothing to kill."""
        return self.status == 404


class ChangeCalls(Connection):
    """Each raises an E2BError with `maybe_sent` when the change may have happened although the call failed.

    They are tried again only when nothing had been sent, within `deadline_seconds`.
    """

    async def kill(self, sandbox_id: str, *, deadline_seconds: float | None = None) -> Answer:
        """204 killed, 404 was gone: both are answers. A paused sandbox loses its snapshot for good."""
        kill = replace(call("DELETE", "/sandboxes/{}", sandbox_id), absence_is_an_answer=True)
        return await self._change(kill, deadline_seconds)

    async def pause(self, sandbox_id: str, *, memory: bool = True, deadline_seconds: float | None = None) -> Answer:
        """204 once it is paused, about 4 s per GiB of RAM; without `memory` its disk alone is kept.

        Raises Conflict when it is paused already or changing state, NotFound when it is gone.
        """
        pause = call("POST", "/sandboxes/{}/pause", sandbox_id, body={} if memory else {"memory": False})
        return await self._change(pause, deadline_seconds)

    async def create(
        self,
        template_id: str,
        timeout_seconds: int,
        *,
        metadata: Mapping[str, str] | None = None,
        deadline_seconds: float | None = None,
    ) -> Answer:
        """201: a sandbox of `template_id` runs, and ends after `timeout_seconds`; its ID is the answer's.

        Raises TooManySandboxes at the plan's limit, NotFound or BadRequest for a template that is not there.
        """
        body = {"templateID": template_id, "timeout": timeout_seconds, "metadata": dict(metadata or {})}
        create = call("POST", "/sandboxes", body=body, starts_a_sandbox=True)
        return await self._change(create, deadline_seconds)

    async def connect(
        self, sandbox_id: str, timeout_seconds: int, *, memory: bool = True, deadline_seconds: float | None = None
    ) -> Answer:
        """200 was running, 201 resumed; the end becomes now + `timeout_seconds` unless it is later already.

        Raises TooManySandboxes at the plan's limit; Conflict when it is being killed or its snapshot does not
        wake (`error_code` sandbox_snapshot_guest_agent_unresponsive: again without `memory`).
        """
        body = {"timeout": timeout_seconds} | ({} if memory else {"memory": False})
        connect = call("POST", "/sandboxes/{}/connect", sandbox_id, body=body, starts_a_sandbox=True)
        return await self._change(connect, deadline_seconds)

    async def set_timeout(
        self, sandbox_id: str, timeout_seconds: int, *, deadline_seconds: float | None = None
    ) -> Answer:
        """204: the end becomes now + `timeout_seconds`, earlier or later than before, within the plan's maximum.

        Raises BadRequest past the maximum, NotFound when it is paused or gone, Conflict while it changes state.
        """
        timeout = call("POST", "/sandboxes/{}/timeout", sandbox_id, body={"timeout": timeout_seconds})
        return await self._change(timeout, deadline_seconds)

    async def refresh(self, sandbox_id: str, duration_seconds: int, *, deadline_seconds: float | None = None) -> Answer:
        """204: the end is at least now + `duration_seconds` (15 to 3600); it never comes earlier."""
        refresh = call("POST", "/sandboxes/{}/refreshes", sandbox_id, body={"duration": duration_seconds})
        return await self._change(refresh, deadline_seconds)

    async def _change(self, change: Call, deadline_seconds: float | None) -> Answer:
        reply = await self.sender.send(change, deadline_seconds)
        answered_for = _sandbox_id(reply.body) if change.starts_a_sandbox else ""
        return Answer(reply.status, reply.sent_at, reply.received_at, answered_for)


class _Started(msgspec.Struct):
    """Of a body that carries an access token, the ID alone is read."""

    sandbox_id: str = msgspec.field(default="", name="sandboxID")
    client_id: str = msgspec.field(default="", name="clientID")


def _sandbox_id(body: bytes) -> str:
    try:
        read = msgspec.json.decode(body, type=_Started)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return read.sandbox_id.removesuffix(f"-{read.client_id}") if read.client_id else read.sandbox_id
