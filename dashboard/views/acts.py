"""What pages do to sandboxes: a question that says what will happen, then the wish, then a line that it was taken."""

import json
import re
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard import words
from sandboxes import actions
from sandboxes.actions import permission
from sandboxes.models import Action, Sandbox
from sandboxes.search.build import rows_of
from sandboxes.search.rows import SandboxRow

KINDS: Final = ("kill", "pause", "resume", "extend", "timeout", "protect", "unprotect")
IN_STATE: Final = permission.NEEDS
DONE: Final = {"kill": "Kill", "pause": "Pause", "resume": "Resume", "extend": "Extension", "timeout": "New timeout",
               "protect": "Protection", "unprotect": "End of protection"}  # fmt: skip
TYPED_FROM: Final = 2
MOST_MINUTES: Final = 366 * 1440
_KEY: Final = re.compile(r"[0-9]{1,9}")


@login_required
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """The dialog: what the wish would hit, what it costs, and the count to type when it kills many."""
    kind, rows = _asked(request)
    if kind is None:
        return _toast("bad", "Nothing is known by that name.", status=400)
    fit = [row for row in rows if row.state in IN_STATE[kind]]
    context = {
        "kind": kind,
        "rows": rows,
        "fit": fit,
        "unfit": len(rows) - len(fit),
        "one": fit[0] if len(fit) == 1 else None,
        "orphans": sum(row.orphan.is_orphan for row in fit),
        "busy": [row for row in fit if row.state == "running" and not row.orphan.is_orphan],
        "protected": sum(row.protected is not None for row in fit),
        "burn": sum(row.burn_usd_per_hour for row in fit),
        "type_count": kind == "kill" and len(fit) >= TYPED_FROM,
    }
    return render(request, "act/ask.html", context)


@login_required
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Takes the wish; the answer is a toast, what comes of it arrives by the socket."""
    kind, rows = _asked(request)
    if kind is None or not rows:
        return _toast("bad", "Nothing was selected.", status=400)
    fit = [row for row in rows if row.state in IN_STATE[kind]]
    if kind == "kill" and len(fit) >= TYPED_FROM and request.POST.get("typed", "").strip() != str(len(fit)):
        return _toast("bad", f"Nothing was killed: type {len(fit)} to go on.", status=422)
    actor = actions.Actor("user", request.user.get_username())
    try:
        wish = _wish(kind, request)
        if len(rows) == 1:
            sandbox = get_object_or_404(Sandbox, pk=rows[0].key)
            actions.request(sandbox, kind, actor, **wish)
            taken, refused = 1, 0
        elif kind in {"protect", "unprotect"} and wish.get("until"):
            taken, refused = _each(rows, kind, actor, wish)
        else:
            wish.pop("until", None)
            bulk = actions.request_bulk([row.key for row in rows], kind, actor, **wish)
            taken, refused = len(bulk.actions), len(bulk.refused)
    except (actions.NotInState, ValueError) as refusal:
        return _toast("bad", f"{DONE[kind]} not taken: {refusal}.", status=409)
    return _toast(*_taken(kind, rows, taken, refused), status=202)


@login_required
@require_POST
def stop(request: HttpRequest, action_id: int) -> HttpResponse:
    """Stops a mark in grace, or a wish that waits; its policy spares the sandbox for a day."""
    action = get_object_or_404(Action, pk=action_id)
    try:
        actions.cancel(action, actions.Actor("user", request.user.get_username()))
    except actions.NotInState as refusal:
        return _toast("bad", f"Not stopped: {refusal}.", status=409)
    return _toast("shield", f"Stopped. {action.sandbox.sandbox_id} is spared for 24 h.", status=202)


def _asked(request: HttpRequest) -> tuple[str | None, list[SandboxRow]]:
    kind = request.POST.get("kind", "")
    keys = list(dict.fromkeys(int(key) for key in request.POST.getlist("key") if _KEY.fullmatch(key)))
    now = timezone.now()
    return (kind, rows_of(keys, now=now, as_of=now)) if kind in KINDS else (None, [])


def _wish(kind: str, request: HttpRequest) -> dict[str, Any]:
    """Seconds, end and reason as the dialog gave them. Raises ValueError for minutes that cannot be."""
    wish: dict[str, Any] = {"reason": request.POST.get("reason", "").replace("\0", "").strip()[:1000]}
    given = request.POST.get("minutes", "").strip()
    minutes = float(given or 5)
    if not 0 < minutes <= MOST_MINUTES:  # nor NaN
        raise ValueError(f"minutes must be more than 0 and at most {MOST_MINUTES:,}")
    if kind in {"extend", "timeout", "resume"}:
        wish["seconds"] = round(minutes * 60)
    elif kind == "protect" and given:
        wish["until"] = timezone.now() + timedelta(minutes=minutes)
    return wish


def _each(rows: list[SandboxRow], kind: str, actor: actions.Actor, wish: dict[str, Any]) -> tuple[int, int]:
    """One by one, for what a bulk wish has no word for; how many were taken and how many refused."""
    refused = 0
    for sandbox in Sandbox.objects.filter(pk__in=[row.key for row in rows]):
        try:
            actions.request(sandbox, kind, actor, **wish)
        except actions.NotInState:
            refused += 1
    return len(rows) - refused, refused


def _taken(kind: str, rows: list[SandboxRow], taken: int, refused: int) -> tuple[str, str]:
    mark = {"kill": "killed", "pause": "pause", "protect": "shield", "unprotect": "shield"}.get(kind, "updated")
    what = rows[0].id if len(rows) == 1 else words.plural(taken, "sandbox", "sandboxes")
    rest = f"; {refused} were not in a state for it" if refused else ""
    if kind == "protect":
        return mark, f"{what} protected from every policy{rest}."
    if kind == "unprotect":
        return mark, f"{what} not protected any more{rest}."
    return mark, f"{DONE[kind]} of {what} asked for{rest}."


def _toast(mark: str, text: str, *, status: int) -> HttpResponse:
    """An empty answer whose header makes the page show a line and close its dialog."""
    response = HttpResponse(status=status)
    response["HX-Trigger"] = json.dumps({"toast": {"mark": mark, "text": text, "ok": status < 400}})
    response["HX-Reswap"] = "none"
    return response
