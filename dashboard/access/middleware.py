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

from dashboard.access import callers, choosing, factors, people, rules, sessions
from sandboxes.core import sight

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
            stopped = await sync_to_async(_admit)(request)
            return stopped or _until_sent(await get_response(request))

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        try:
            return _admit(request) or _until_sent(cast("Sync", get_response)(request))
        except BaseException:
            sight.limit(None)
            raise

    return now


def _admit(request: HttpRequest) -> HttpResponseBase | None:
    """Sets what exists for whoever asks; an answer of its own where they lack a second factor.

    Raises PermissionDenied for what they may not do, Http404 for an account that is not there for them.
    """
    sight.limit(None)
    if request.path_info.startswith(API) or not request.user.is_authenticated:
        return None
    moved = sessions.go_on(request)
    if moved is None:
        return None
    if moved:
        people.was_seen(request.user)
    caller = callers.of_request(request)
    sight.limit(caller.rights.accounts)
    try:
        page = resolve(request.path_info).view_name
    except Resolver404:
        return None
    if factors.lacks(request.user):
        return None if page in rules.SETTING_UP else _set_one_up(request)
    if not callers.may(caller, rules.of_page(page, request.method or "")):
        raise PermissionDenied
    named = request.GET.get("account")
    if named is not None and not page.startswith("admin:"):
        try:
            sight.limit(caller.rights.accounts, choosing.keys_of(named) if named else None)
        except (choosing.NoName, choosing.NoSuchAccount):
            raise Http404("no such account") from None
    return None


def _set_one_up(request: HttpRequest) -> HttpResponseBase:
    """To where a second factor is added; a fragment has the whole page go there."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("settings-sign-in")})
    return redirect("settings-sign-in")


def _until_sent(response: HttpResponseBase) -> HttpResponseBase:
    """What was limited stays so until the last part of the answer is made."""
    if response.streaming:
        response._resource_closers.append(lambda: sight.limit(None))  # type: ignore[attr-defined]
    else:
        sight.limit(None)
    return response
