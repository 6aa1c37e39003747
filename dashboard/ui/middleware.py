"""What every answer gets: a Content-Security-Policy (only our own files, nothing inline), no store, and compression."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.decorators import sync_and_async_middleware

# plotly adds an empty <style> element and fills it through the CSSOM: this is the hash of the empty string.
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {EMPTY_STYLE}",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)

Sync = Callable[[HttpRequest], HttpResponseBase]
Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def content_security_policy(get_response: Sync | Async) -> Sync | Async:
    """Adds the policy to every answer that has none of its own, and keeps answers out of caches.

    After a sign-out neither the Back button nor a shared proxy shows the fleet. Static files are served before this.
    """
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _with_policy(await get_response(request))

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        return _with_policy(cast("HttpResponse", get_response(request)))

    return now


def _with_policy(response: HttpResponseBase) -> HttpResponseBase:
    if not response.has_header("Content-Security-Policy"):
        response["Content-Security-Policy"] = POLICY
    response.headers.setdefault("Cache-Control", "no-store")
    return response


class Compression(GZipMiddleware):
    """Django's own, but for streams: it makes each chunk a gzip member, and browsers read the first member only."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """A stream goes out as it is, whole for every client."""
        return response if response.streaming else super().process_response(request, cast("HttpResponse", response))
