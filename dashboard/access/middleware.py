"""Before every page: who asks, whether they may, and which accounts exist for them."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import cast

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.decorators import sync_and_async_middleware

from dashboard.access import audited, callers, choosing, factors, keeping, people, rules, sessions
from sandboxes.core import acting, sight

Sync = Callable[[HttpRequest], HttpResponseBase]
Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
API = "/api/"


@sync_and_async_middleware
def rights(get_response: Sync | Async) -> Sync | Async:
    """Limits what follows, streams too, to the accounts that the person may see, and refuses what they may not do.

    Programs send a token, which the API reads itself. Whoever is not signed in is sent to sign in by the page.
    """
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            page, stopped = await sync_to_async(_admit)(request)
            if stopped is not None:
                return _until_sent(stopped)
            response = await get_response(request)
            await sync_to_async(_look_back)(request, page, response)
            return _until_sent(response)

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        try:
            page, stopped = _admit(request)
            response = stopped or cast("Sync", get_response)(request)
            if stopped is None:
                _look_back(request, page, response)
            return _until_sent(response)
        except BaseException:
            _forget()
            raise

    return now


def _admit(request: HttpRequest) -> tuple[str, HttpResponseBase | None]:
    """Sets what exists for whoever asks. The page's name, empty for none of ours and for who is not signed in; and an
    answer of its own where they lack a second factor.

    Raises PermissionDenied for what they may not do, Http404 for an account that is not there for them.
    """
    _forget()
    if request.path_info.startswith(API) or not request.user.is_authenticated:
        return "", None
    moved = sessions.go_on(request)
    if moved is None:
        return "", None
    if moved:
        people.was_seen(request.user)
    caller = callers.of_request(request)
    sight.limit(caller.rights.accounts)
    acting.as_who(acting.Actor(caller.kind, caller.name))
    try:
        page = resolve(request.path_info).view_name
    except Resolver404:
        return "", None
    if factors.lacks(request.user):
        return page, None if page in rules.SETTING_UP else _set_one_up(request)
    if not callers.may(caller, rules.of_page(page, request.method or "")):
        raise PermissionDenied
    named = request.GET.get("account")
    if named is not None and _is_ours(page):
        try:
            sight.limit(caller.rights.accounts, choosing.keys_of(named) if named else None)
        except (choosing.NoName, choosing.NoSuchAccount):
            raise Http404("no such account") from None
    return page, None


def _is_ours(page: str) -> bool:
    return bool(page) and not page.startswith("admin:")


def _look_back(request: HttpRequest, page: str, response: HttpResponseBase) -> None:
    """What an answer leaves behind: a note of a file that is sent, and the choice of accounts in its links."""
    audited.note_export(request, page, response)
    if _is_ours(page):
        keeping.keep(request, response)


def _set_one_up(request: HttpRequest) -> HttpResponseBase:
    """To where a second factor is added; a fragment has the whole page go there."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("settings-sign-in")})
    return redirect("settings-sign-in")


def _until_sent(response: HttpResponseBase) -> HttpResponseBase:
    """What was limited stays so until the last part of the answer is made."""
    if response.streaming:
        response._resource_closers.append(_forget)  # type: ignore[attr-defined]
    else:
        _forget()
    return response


def _forget() -> None:
    """Who asked, and what they may see, is known to nothing that runs here later."""
    sight.limit(None)
    acting.as_who(None)
