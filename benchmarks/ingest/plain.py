"""What one would write first: a plain Django view that verifies and inserts one row through the ORM, as WSGI."""

import os
import sys
from datetime import UTC, datetime

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.ingest.plain_settings"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from benchmarks.ingest.bodies import SECRET
from events.models import LifecycleEvent
from events.signature import verify
from events.wire import parse_body, read_event


@csrf_exempt
def receive(request: HttpRequest) -> HttpResponse:
    """One row of the same table; sandboxes are left alone."""
    if not verify(request.headers.get("e2b-signature", ""), request.body, [SECRET]):
        return HttpResponse(status=401)
    now = datetime.now(UTC)
    event = read_event(parse_body(request.body))
    try:
        with transaction.atomic():
            LifecycleEvent.objects.create(
                account_id=1, event_id=event.id, type=event.type, sandbox_id=event.sandbox_id,
                execution_id=event.execution_id, template_id=event.template_id, timestamp=event.timestamp,
                received_at=now, source="webhook", webhook_at=now, data=event.data, raw=event.raw,
            )  # fmt: skip
    except IntegrityError:
        return HttpResponse(status=202)  # held already
    return HttpResponse(status=202)


urlpatterns = [path("webhooks/e2b/", receive)]
sys.modules.setdefault("benchmarks.ingest.plain", sys.modules[__name__])
