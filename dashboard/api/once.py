"""Puts every POST that carries an `Idempotency-Key` under the rule of one answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI

from dashboard.api.answers import caller
from dashboard.api.errors import Refusal, bad_request
from dashboard.api.idempotency import MAX_KEY_LENGTH, Answer, Conflict, digest_of, once

View = Callable[..., HttpResponse]
_JSON = {"Content-Type": "application/json"}  # of answers kept before headers were


def never_kept(response: HttpResponse, key: int) -> HttpResponse:
    """Marks an answer that holds a secret: the same call again gets `{"replayed":true,"id"}`."""
    response.kept = msgspec.json.encode({"replayed": True, "id": key})  # type: ignore[attr-defined]
    return response


def answered_once(api: NinjaAPI) -> Callable[[View], View]:
    """A decorator for operations; refusals that an operation raises are answers too, and kept like them."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            key = request.headers.get("Idempotency-Key")
            if request.method != "POST" or key is None:
                return view(request, *args, **kwargs)
            if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable():
                raise bad_request(f"Idempotency-Key must be 1 to {MAX_KEY_LENGTH} printable characters")

            def work() -> Answer:
                try:
                    response = view(request, *args, **kwargs)
                except Exception as error:  # noqa: BLE001 - the API's own handlers turn it into an answer
                    response = api.on_exception(request, error)
                kept = getattr(response, "kept", None)
                return Answer(response.status_code, response.content, dict(response.items()), kept)

            digest = digest_of("POST", request.get_full_path(), request.body)
            given = once(caller(request).key, key, digest, work, timezone.now())
            if isinstance(given, Conflict):
                raise Refusal(409, "idempotency_conflict", given.value)
            return HttpResponse(given.body, status=given.status, headers=_JSON | given.headers)

        return answered

    return decorate
