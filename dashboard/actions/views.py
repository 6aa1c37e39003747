"""What pages do to sandboxes: a dialog that says what will happen, then the request, then a line that says so."""

import json
import math
import re
from collections import Counter
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_POST

from dashboard.access import callers
from dashboard.access.asking import asking
from dashboard.actions import confirm_dialog, undo
from dashboard.models import Selection
from dashboard.sandboxes import filters
from dashboard.sandboxes.saved_views import user_key
from sandboxes import actions
from sandboxes.actions.permission import MOST_SECONDS
from sandboxes.cleanup import held_back
from sandboxes.fleet.search import QueryError, matching_ids, seen_accounts, visible_keys
from sandboxes.models import Action, BulkRequest, Sandbox

KINDS: Final = ("kill", "pause", "resume", "extend", "timeout", "protect", "unprotect")
DONE: Final = {
    "kill": gettext_noop("Kill"),
    "pause": gettext_noop("Pause"),
    "resume": gettext_noop("Resume"),
    "extend": gettext_noop("Extension"),
    "timeout": gettext_noop("New timeout"),
    "protect": gettext_noop("Protection"),
    "unprotect": gettext_noop("End of protection"),
}
TYPED_FROM: Final = 2
LONGEST_PROTECTION_MINUTES: Final = 366 * 1440
_KEY: Final = re.compile(r"[0-9]{1,9}")


@login_required
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """The dialog: what the request would hit, what it costs, and the count to type when it kills many.

    All that a filter matches are kept as they are now: what is shown is what will be hit.
    """
    kind, now = request.POST.get("kind", ""), timezone.now()
    try:
        keys = _matching(request.POST["filter"]) if "filter" in request.POST else _given(request)
    except QueryError as wrong:
        return _toast("bad", f"{wrong}.", status=400)
    if kind not in KINDS:
        return _toast("bad", _("Nothing is known by that name."), status=400)
    question = confirm_dialog.about(kind, keys, now)
    many = question.count >= TYPED_FROM
    context = {
        "asked": question,
        "one": question.one,
        "selection": confirm_dialog.freeze(user_key(request), question.keys) if many else None,
        "type_count": kind == "kill" and many,
        "most_minutes": MOST_SECONDS // 60,
    }
    return render(request, "actions/confirm.html", context)


@login_required
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Takes the request; the answer is a toast, what comes of it arrives by the socket, or by `progress` for many."""
    kind, keys = request.POST.get("kind", ""), _frozen(request) or _given(request)
    found = visible_keys(keys) if kind in KINDS else []
    if not found:
        return _toast("bad", _("Nothing was selected."), status=400)
    if kind == "kill" and len(found) >= TYPED_FROM and request.POST.get("typed", "").strip() != str(len(found)):
        return _toast("bad", _("Nothing was killed: type %(count)s to confirm.") % {"count": len(found)}, status=422)
    actor, now = actions.Actor("user", request.user.get_username()), timezone.now()
    before = undo.protected_before(found, now) if kind in {"protect", "unprotect"} else {}
    back = undo.undo_of(kind, found, before, now)
    try:
        wanted = _wish(kind, request)
        if len(found) == 1:
            sandbox = get_object_or_404(Sandbox, pk=found[0])
            made = actions.request(sandbox, kind, actor, **wanted)
            trail = f"{reverse('cleanup')}#action-{made.pk}" if back else ""
            return _toast(*_taken(kind, sandbox.sandbox_id, 0), status=202, back=back, trail=trail)
        bulk, held = held_back.request_bulk(asking(callers.of_request(request)), found, kind, now, **wanted)
        if held is not None:
            return _toast(
                "note", _("Waiting for approval by a second person, for 10 minutes: see Cleanup."), status=202
            )
    except (actions.NotAllowed, actions.NotInState, ValueError) as refusal:
        return _toast(
            "bad", _("%(what)s not taken: %(refusal)s.") % {"what": _(DONE[kind]), "refusal": refusal}, status=409
        )
    what = ngettext("%(n)s sandbox", "%(n)s sandboxes", bulk.count) % {"n": f"{bulk.count:,}"}
    told = _toast(*_taken(kind, what, len(bulk.refused)), status=202, back=None if bulk.refused else back)
    where = reverse("act-progress", args=[bulk.bulk_id])
    told["HX-Trigger-After-Settle"] = json.dumps({"bulk": {"url": f"{where}?kind={kind}&refused={len(bulk.refused)}"}})
    return told


@login_required
def progress(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """How far one's request for many has come, as JSON; it is finished when nothing is `waiting`.

    `{"kind","asked","done","already","failed","stopped","waiting","refused"}`, all but the first counts.
    """
    rows = Action.objects.filter(bulk_id=bulk_id, actor_name=request.user.get_username())
    states = Counter[str]()
    already = 0
    for state, outcome, n in rows.values_list("state", "outcome").annotate(n=Count("id")):
        states[state] += n
        already += n if outcome == "already_gone" else 0
    refused = request.GET.get("refused", "")
    wanted = BulkRequest.objects.filter(bulk_id=bulk_id, actor_name=request.user.get_username()).first()
    to_come = len(wanted.keys) - wanted.position if wanted is not None else 0
    return JsonResponse(
        {
            "kind": wanted.kind if wanted is not None else rows.values_list("kind", flat=True).first(),
            "asked": states.total() + to_come,
            "done": states["done"] + states["confirmed"],
            "already": already,
            "failed": states["failed"],
            "stopped": states["cancelled"],
            "waiting": states["queued"] + states["sent"] + states["grace"] + to_come,
            "refused": int(refused) if _KEY.fullmatch(refused) else 0,
        }
    )


@login_required
@require_POST
def stop_bulk(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Stops what of one's own request for many has not been sent yet."""
    actor, stopped = actions.Actor("user", request.user.get_username()), 0
    for action in Action.objects.filter(bulk_id=bulk_id, actor_name=actor.name, state="queued").order_by("id"):
        try:
            actions.cancel(action, actor)
            stopped += 1
        except actions.NotInState:
            continue  # it was sent meanwhile
    if not stopped:
        return _toast("bad", _("Nothing stopped: all of it has been sent."), status=409)
    return _toast("yes", _("Stopped %(n)s; what had been sent goes on.") % {"n": f"{stopped:,}"}, status=202)


@login_required
@require_POST
def stop(request: HttpRequest, action_id: int) -> HttpResponse:
    """Stops a mark in grace, or a request that waits; its policy spares the sandbox for a day."""
    action = get_object_or_404(Action, pk=action_id, account__in=seen_accounts())
    try:
        actions.cancel(action, actions.Actor("user", request.user.get_username()))
    except actions.NotInState as refusal:
        return _toast("bad", _("Not stopped: %(refusal)s.") % {"refusal": refusal}, status=409)
    return _toast(
        "shield",
        _("Stopped. %(sandbox_id)s is excluded for 24 h.") % {"sandbox_id": action.sandbox.sandbox_id},
        status=202,
    )


@login_required
@require_POST
def stop_many(request: HttpRequest) -> HttpResponse:
    """Stops the marks that a page showed (`id`), all of them or what can still be stopped."""
    wanted = [int(one) for one in request.POST.getlist("id") if _KEY.fullmatch(one)]
    actor, stopped, late = actions.Actor("user", request.user.get_username()), 0, 0
    for action in Action.objects.filter(pk__in=wanted, account__in=seen_accounts()).order_by("id"):
        try:
            actions.cancel(action, actor)
            stopped += 1
        except actions.NotInState:
            late += 1
    if not stopped:
        return _toast("bad", _("Not stopped: none of them is pending."), status=409)
    rest = _("; %(late)s no longer pending") % {"late": late} if late else ""
    return _toast(
        "shield", _("Stopped %(stopped)s: excluded for 24 h%(rest)s.") % {"stopped": stopped, "rest": rest}, status=202
    )


def _given(request: HttpRequest) -> list[int]:
    """The keys that a page sent, once each."""
    return visible_keys(list(dict.fromkeys(int(key) for key in request.POST.getlist("key") if _KEY.fullmatch(key))))


def _matching(address: str) -> list[int]:
    """All that the address of the table matches now. Raises QueryError for one that makes no sense."""
    return matching_ids(filters.query_of(dict(parse_qsl(address.removeprefix("?")))))


def _frozen(request: HttpRequest) -> list[int]:
    """What the person was shown when they were asked; nothing when it is not theirs or too long ago."""
    try:
        wanted = UUID(request.POST.get("selection", ""))
    except ValueError:
        return []
    found = Selection.objects.filter(pk=wanted, user_id=user_key(request)).first()
    return found.keys if found else []


def _wish(kind: str, request: HttpRequest) -> dict[str, Any]:
    """Seconds, end and reason as the dialog gave them. Raises ValueError for minutes that cannot be.

    How long a timeout may be, the action itself judges, as for every other caller.
    """
    wanted: dict[str, Any] = {"reason": request.POST.get("reason", "").replace("\0", "").strip()[:1000]}
    given = request.POST.get("minutes", "").strip()
    minutes = float(given or 5)
    if not 0 < minutes * 60 < math.inf:  # nor NaN
        raise ValueError(_("minutes must be more than 0"))
    if kind in {"extend", "timeout", "resume"}:
        wanted["seconds"] = round(minutes * 60)
    elif kind == "protect" and given:
        if minutes > LONGEST_PROTECTION_MINUTES:
            raise ValueError(_("minutes must be at most %(count)s") % {"count": f"{LONGEST_PROTECTION_MINUTES:,}"})
        wanted["until"] = timezone.now() + timedelta(minutes=minutes)
    return wanted


def _taken(kind: str, what: str, refused: int) -> tuple[str, str]:
    mark = {"kill": "killed", "pause": "pause", "protect": "shield", "unprotect": "shield"}.get(kind, "updated")
    rest = _("; %(refused)s skipped: not in the right state") % {"refused": refused} if refused else ""
    if kind == "protect":
        return mark, _("%(what)s protected from every policy%(rest)s.") % {"what": what, "rest": rest}
    if kind == "unprotect":
        return mark, _("%(what)s no longer protected%(rest)s.") % {"what": what, "rest": rest}
    return mark, _("%(action)s requested for %(what)s%(rest)s.") % {"action": _(DONE[kind]), "what": what, "rest": rest}


def _toast(mark: str, text: str, *, status: int, back: undo.Undo | None = None, trail: str = "") -> HttpResponse:
    """An empty answer whose header makes the page show a line and close its dialog; `back` is what takes it back."""
    response = HttpResponse(status=status)
    more: dict[str, Any] = {"undo": back} if back else {}
    more |= {"trail": trail} if trail else {}
    response["HX-Trigger"] = json.dumps({"toast": {"mark": mark, "text": text, "ok": status < 400, **more}})
    response["HX-Reswap"] = "none"
    return response
