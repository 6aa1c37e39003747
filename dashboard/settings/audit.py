"""Settings, Audit: what was changed and by whom, filtered, and as a file."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.access import audited, callers
from dashboard.access.callers import Caller
from dashboard.api.settings_audit import row_of
from dashboard.sandboxes.filters import moment_of
from dashboard.settings import audit_words, permissions
from dashboard.ui import csv_text
from dashboard.ui.file_names import file_name
from sandboxes.actions import audit as chain
from sandboxes.core.accounts import enabled_accounts
from sandboxes.fleet.search import QueryError
from sandboxes.models import AuditEntry

NAMES: Final = ("subject", "actor", "since", "account")
SHOWN: Final = 50
FILE_ROWS: Final = 1000
COLUMNS: Final = (
    "number", "at", "actor_kind", "actor", "subject", "name", "verb", "accounts", "before", "after", "hash",
)  # fmt: skip


@permissions.signed_in
def page(request: HttpRequest) -> HttpResponse:
    """What the caller may see of it, a page at a time."""
    asked, wrong = _asked(request), ""
    try:
        found = _found(callers.of_request(request), asked)
    except (QueryError, ValueError) as why:
        found, wrong = AuditEntry.objects.none(), str(why)
    before = request.GET.get("before", "")
    part = found.filter(pk__lt=int(before)) if before.isdecimal() and len(before) < 19 else found
    rows = list(part[: SHOWN + 1])
    older = {**asked, "before": rows[SHOWN - 1].pk} if len(rows) > SHOWN else None
    context = {
        "lines": audit_words.lines(rows[:SHOWN]),
        "total": found.count(),
        "asked": asked,
        "wrong": wrong,
        "subjects": [(name, _(word)) for name, word in audit_words.SUBJECTS.items()],
        "names": [account.name for account in enabled_accounts()],
        "older": f"?{urlencode(older)}" if older else "",
        "address": f"?{urlencode(asked)}" if asked else "",
        "alterable": chain.is_alterable(),
    }
    return permissions.show(request, "audit", context)


@login_required
def export(request: HttpRequest) -> HttpResponseBase:
    """All that the filters match, as CSV: one page is held at a time."""
    asked, now = _asked(request), timezone.now()
    try:
        found = _found(callers.of_request(request), asked)
    except (QueryError, ValueError) as why:
        return HttpResponse(f"{why}\n", status=400, content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(_csv(found), content_type="text/csv; charset=utf-8")
    name = file_name("audit", [word for pair in asked.items() for word in pair], now, "csv")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _csv(found: QuerySet[AuditEntry]) -> AsyncIterator[bytes]:
    yield csv_text.lines([COLUMNS]).encode()
    last: int | None = None
    while True:
        rows = await sync_to_async(_part)(found, last)
        if not rows:
            return
        yield csv_text.lines(_cells(one) for one in rows).encode()
        last = rows[-1].pk


def _part(found: QuerySet[AuditEntry], last: int | None) -> list[AuditEntry]:
    return list((found if last is None else found.filter(pk__lt=last))[:FILE_ROWS])


def _cells(entry: AuditEntry) -> list[Any]:
    row = row_of(entry)
    values = [one and json.dumps(one, ensure_ascii=False) for one in (row.before, row.after)]
    where = ", ".join(row.accounts or [])
    who = [row.actor.kind, row.actor.name, row.subject.kind, row.subject.name, row.verb, where]
    return [row.number, row.at, *who, *values, row.hash]


def _asked(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name].strip() for name in NAMES if request.GET.get(name, "").strip()}


def _found(caller: Caller, asked: Mapping[str, str]) -> QuerySet[AuditEntry]:
    """Raises ValueError and QueryError for what makes no sense."""
    now = timezone.now()
    return audited.seen_by(
        caller,
        subject=asked.get("subject"),
        actor=asked.get("actor"),
        since=moment_of("since", asked["since"], now) if "since" in asked else None,
        accounts=asked["account"].split(",") if "account" in asked else None,
    )
