"""`/sandboxes/{id}/logs`: passed through from the backend, which alone keeps them."""

from typing import Annotated, Literal

import msgspec
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.api.answers import answer, returns
from dashboard.api.errors import Refusal
from dashboard.api.params import Form, Limit, Word
from dashboard.api.sandboxes import key_or_refusal
from sandboxes.core.accounts import client_for
from sandboxes.e2b import LogLine, NotFound, Unsupported
from sandboxes.models import Account, Sandbox

router = Router(tags=["sandboxes"])


class Logs(msgspec.Struct, frozen=True):
    """Lines as the backend gave them, oldest first; `next` leads to the ones after them, null at the end."""

    logs: list[LogLine]
    next: str | None


class Asked(Form):
    """`cursor` is Unix milliseconds, `level` the least level, `search` a part of the message."""

    cursor: Annotated[int | None, Field(ge=0, le=2**53)] = None
    limit: Limit = 100
    level: Literal["debug", "info", "warn", "error"] | None = None
    search: Word | None = None


@router.get("/{sandbox_id}/logs", operation_id="get_sandbox_logs", **returns(Logs))
def logs(request: HttpRequest, sandbox_id: str, asked: Query[Asked]) -> HttpResponse:
    """The sandbox's log. 409 `not_supported` where the backend has none."""
    sandbox = Sandbox.objects.select_related("account").get(pk=key_or_refusal(request, sandbox_id))
    if sandbox.account.capabilities.get("logs") is False:
        raise _not_supported(sandbox.account)
    try:
        lines = async_to_sync(_read)(sandbox, asked)
    except NotFound:
        if sandbox.state == Sandbox.State.ENDED:
            raise Refusal(404, "not_found", "the backend no longer keeps its logs") from None
        raise _not_supported(sandbox.account) from None
    except Unsupported:
        raise _not_supported(sandbox.account) from None
    return answer(Logs(lines, _after(lines) if len(lines) >= asked.limit else None))


async def _read(sandbox: Sandbox, asked: Asked) -> list[LogLine]:
    async with client_for(sandbox.account) as client:
        return await client.logs(
            sandbox.sandbox_id, cursor=asked.cursor, limit=asked.limit, level=asked.level, search=asked.search
        )


def _after(lines: list[LogLine]) -> str | None:
    """The backend's own cursor: the millisecond after the last line."""
    last = max((line.timestamp for line in lines if line.timestamp), default=None)
    return str(int(last.timestamp() * 1000) + 1) if last else None


def _not_supported(account: Account) -> Refusal:
    return Refusal(409, "not_supported", f"the backend of {account.name} keeps no logs")
