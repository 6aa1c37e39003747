"""The addresses of the pages, REST, and what machines read."""

from django.urls import path

from dashboard.api import api
from dashboard.views import (
    acts,
    cleanup,
    deliveries,
    events,
    export,
    fleet,
    health,
    login,
    palette,
    prometheus,
    sandbox,
    sandboxes,
    settings,
)

urlpatterns = [
    path("", fleet.fleet, name="fleet"),
    path("fleet/needs/", fleet.attention_list, name="fleet-needs"),
    path("sandboxes/", sandboxes.sandboxes, name="sandboxes"),
    path("sandboxes/export.csv", export.export, {"kind": "csv"}, name="sandboxes-csv"),
    path("sandboxes/export.json", export.export, {"kind": "json"}, name="sandboxes-json"),
    path("sandboxes/<str:sandbox_id>/", sandbox.sandbox, name="sandbox"),
    path("sandboxes/<str:sandbox_id>/parts/", sandbox.parts, name="sandbox-parts"),
    path("sandboxes/<str:sandbox_id>/timeline/", sandbox.timeline, name="sandbox-timeline"),
    path("events/", events.events, name="events"),
    path("events/deliveries/", deliveries.deliveries, name="deliveries"),
    path("events/deliveries/replay/", deliveries.replay_all, name="deliveries-replay"),
    path("events/deliveries/<int:delivery_id>/replay/", deliveries.replay, name="delivery-replay"),
    path("cleanup/", cleanup.cleanup, name="cleanup"),
    path("cleanup/<int:policy_id>/reset/", cleanup.reset, name="cleanup-reset"),
    path("settings/", settings.webhook.page, name="settings"),
    path("settings/webhook/<slug:deed>/", settings.webhook.do, name="settings-webhook"),
    path("settings/account/", settings.account.page, name="settings-account"),
    path("settings/tokens/", settings.tokens.page, name="settings-tokens"),
    path("settings/tokens/<int:token_id>/revoke/", settings.tokens.revoke, name="settings-token-revoke"),
    path("settings/prices/", settings.prices.page, name="settings-prices"),
    path("settings/house/", settings.house.page, name="settings-house"),
    path("palette/", palette.palette, name="palette"),
    path("act/", acts.act, name="act"),
    path("act/ask/", acts.ask, name="act-ask"),
    path("act/<int:action_id>/stop/", acts.stop, name="act-stop"),
    path("login/", login.login, name="login"),
    path("logout/", login.logout, name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", prometheus.metrics, name="metrics"),
    path("api/v1/", api.urls),
]
