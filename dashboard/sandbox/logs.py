"""A sandbox's log for its page: one page of lines, or in words why there is none."""

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.translation import gettext as _

from dashboard.api.answers import answer
from sandboxes.e2b import E2BError, LogLine, NotFound, Unsupported
from sandboxes.fleet.logs import LEVELS, LONGEST_SEARCH, Wanted, ms_of, read
from sandboxes.fleet.search import key_of
from sandboxes.models import Sandbox

_LATEST = 2**53


@login_required
def logs(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    """`{"state", "lines", "more", "why"}`: state is `read`, `unsupported`, `gone` or `failed`; oldest line first.

    `before` and `after` are Unix milliseconds, `level` the least level, `search` a part of the message (case counts).
    """
    key = key_of(sandbox_id)
    if key is None:
        raise Http404(f"no sandbox {sandbox_id} on record")
    try:
        wanted = wanted_of(request)
    except ValueError as wrong:
        return HttpResponseBadRequest(str(wrong), content_type="text/plain")
    return answer(_told(Sandbox.objects.select_related("account").get(pk=key), wanted))


def wanted_of(request: HttpRequest) -> Wanted:
    """What the address asks for. Raises ValueError for what cannot be."""
    asked = request.GET
    level, search = asked.get("level") or None, asked.get("search") or None
    if level is not None and level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}")
    if search is not None and (len(search) > LONGEST_SEARCH or "\0" in search):
        raise ValueError(f"search must be at most {LONGEST_SEARCH} characters")
    return Wanted(_moment(asked.get("before")), _moment(asked.get("after")), level, search)


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 16 or int(text) > _LATEST:
        raise ValueError("before and after must be Unix milliseconds")
    return int(text)


def _told(sandbox: Sandbox, wanted: Wanted) -> dict[str, Any]:
    account = sandbox.account
    unsupported = _none(
        "unsupported", _("The backend of %(name)s keeps no logs of its sandboxes.") % {"name": account.name}
    )
    if account.capabilities.get("logs") is False:
        return unsupported
    try:
        found = async_to_sync(read)(account, sandbox.sandbox_id, wanted)
    except NotFound:
        if sandbox.state == Sandbox.State.ENDED:
            return _none("gone", _("The backend no longer keeps its logs."))
        return unsupported
    except Unsupported:
        return unsupported
    except E2BError as error:
        return _none("failed", str(error))
    return {"state": "read", "lines": [_line(line) for line in found.lines], "more": found.more, "why": ""}


def _none(state: str, why: str) -> dict[str, Any]:
    return {"state": state, "lines": [], "more": False, "why": why}


def _line(line: LogLine) -> dict[str, Any]:
    """`t` in Unix seconds, null when the backend told none; `ms` is what to ask on from."""
    at = line.timestamp.timestamp() if line.timestamp else None
    return {"t": at, "ms": ms_of(line), "level": line.level, "message": line.message, "fields": line.fields}
