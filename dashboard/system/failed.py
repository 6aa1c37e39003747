"""What a page says when it can't be shown: that the database is away or too slow, or that it failed on our side."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from dashboard.ui.context import theme_of
from sandboxes.core import database_away

AGAIN_SECONDS = 5


def failed(request: HttpRequest) -> HttpResponse:
    """503 while the database is away, retried by itself, and for what took it too long; else 500.

    Django calls it while it handles the error.
    """
    error = sys.exc_info()[1]
    slow = database_away.took_too_long(error)
    away = not slow and isinstance(error, database_away.ERRORS)
    # No request goes with it: what templates usually get is read from the database.
    said = {"away": away, "slow": slow, "again": AGAIN_SECONDS}
    page = render_to_string("failed.html", {"theme": theme_of(request), **said})
    response = HttpResponse(page, status=503 if away or slow else 500)
    response["Cache-Control"] = "no-store"
    if away:
        response["Retry-After"] = str(AGAIN_SECONDS)
        if request.method == "GET":
            response["Refresh"] = str(AGAIN_SECONDS)
    return response
