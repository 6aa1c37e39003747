"""The addresses of the pages, REST, and what machines read."""

from django.urls import path

from dashboard.api import api
from dashboard.views import health, prometheus

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", prometheus.metrics, name="metrics"),
    path("api/v1/", api.urls),
]
