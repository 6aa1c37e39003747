"""The addresses of the pages, REST, and what machines read."""

from django.urls import path, re_path

from dashboard import settings
from dashboard.access import invitations
from dashboard.access import views as login
from dashboard.actions import views as acts
from dashboard.api import api
from dashboard.api.mount import no_such_call
from dashboard.cleanup import policy, trust
from dashboard.cleanup import views as cleanup
from dashboard.cost import views as cost
from dashboard.events import deliveries
from dashboard.events import export as events_export
from dashboard.events import views as events
from dashboard.fleet import groups, past
from dashboard.fleet import views as fleet
from dashboard.palette import views as palette
from dashboard.sandbox import logs
from dashboard.sandbox import views as sandbox
from dashboard.sandboxes import export
from dashboard.sandboxes import saved_views as views
from dashboard.sandboxes import views as sandboxes
from dashboard.system import health, prometheus

urlpatterns = [
    path("", fleet.fleet, name="fleet"),
    path("fleet/charts/", fleet.charts, name="fleet-charts"),
    path("fleet/groups/", groups.groups, name="fleet-groups"),
    path("fleet/needs/", fleet.attention_list, name="fleet-needs"),
    path("fleet/past/", past.moment, name="fleet-past"),
    path("fleet/past/around/", past.around_it, name="fleet-past-around"),
    path("fleet/past/hour/", past.hour, name="fleet-past-hour"),
    path("sandboxes/", sandboxes.sandboxes, name="sandboxes"),
    path("sandboxes/export.csv", export.export, {"kind": "csv"}, name="sandboxes-csv"),
    path("sandboxes/export.json", export.export, {"kind": "json"}, name="sandboxes-json"),
    path("table/facets/", sandboxes.beside, name="sandboxes-facets"),
    path("table/new/", sandboxes.new, name="table-new"),
    path("table/columns/", views.choose, name="table-columns"),
    path("table/views/", views.save, name="views"),
    path("table/views/<int:view_id>/", views.follow, name="view"),
    path("table/views/<int:view_id>/change/", views.change, name="view-change"),
    path("sandboxes/<str:sandbox_id>/", sandbox.sandbox, name="sandbox"),
    path("sandboxes/<str:sandbox_id>/parts/", sandbox.parts, name="sandbox-parts"),
    path("sandboxes/<str:sandbox_id>/siblings/", sandbox.siblings_part, name="sandbox-siblings"),
    path("sandboxes/<str:sandbox_id>/timeline/", sandbox.timeline, name="sandbox-timeline"),
    path("sandboxes/<str:sandbox_id>/logs/", logs.logs, name="sandbox-logs"),
    path("events/", events.events, name="events"),
    path("events/chart/", events.chart, name="events-chart"),
    path("events/new/", events.new, name="events-new"),
    path("events/export.csv", events_export.export, {"kind": "csv"}, name="events-csv"),
    path("events/export.jsonl", events_export.export, {"kind": "jsonl"}, name="events-jsonl"),
    path("events/deliveries/", deliveries.deliveries, name="deliveries"),
    path("events/deliveries/replay/", deliveries.replay_all, name="deliveries-replay"),
    path("events/deliveries/<int:delivery_id>/replay/", deliveries.replay, name="delivery-replay"),
    path("cleanup/", cleanup.cleanup, name="cleanup"),
    path("cleanup/<int:policy_id>/reset/", cleanup.reset, name="cleanup-reset"),
    path("cleanup/freeze/", cleanup.freeze, name="cleanup-freeze"),
    path("cleanup/policies/new/", policy.edit, name="policy-new"),
    path("cleanup/policies/new/preview/", policy.preview, name="policy-preview-new"),
    path("cleanup/policies/<int:policy_id>/", policy.edit, name="policy"),
    path("cleanup/policies/<int:policy_id>/preview/", policy.preview, name="policy-preview"),
    path("cleanup/policies/<int:policy_id>/enforce/", policy.enforce, name="policy-enforce"),
    path("cleanup/policies/<int:policy_id>/trust/", trust.page, name="policy-trust"),
    path("cleanup/policies/<int:policy_id>/switch/", policy.switch, name="policy-switch"),
    path("cost/", cost.cost, name="cost"),
    path("cost/export.csv", cost.export, name="cost-csv"),
    path("settings/", settings.webhook.page, name="settings"),
    path("settings/webhook/<slug:deed>/", settings.webhook.do, name="settings-webhook"),
    path("settings/accounts/", settings.accounts.page, name="settings-accounts"),
    path("settings/accounts/<slug:name>/", settings.accounts.one, name="settings-accounts-one"),
    path("settings/account/", settings.account.page, name="settings-account"),
    path("settings/account/reset-brake/", settings.account.reset_brake, name="settings-reset-brake"),
    path("settings/account/try/", settings.account.retry, name="settings-account-retry"),
    path("settings/account/key/", settings.account.key, name="settings-account-key"),
    path("settings/people/", settings.people.page, name="settings-people"),
    path("settings/people/<int:user_id>/", settings.people.person, name="settings-person"),
    path("settings/tokens/", settings.tokens.page, name="settings-tokens"),
    path("settings/tokens/<int:token_id>/revoke/", settings.tokens.revoke, name="settings-token-revoke"),
    path("settings/password/", settings.password.page, name="settings-password"),
    path("settings/prices/", settings.prices.page, name="settings-prices"),
    path("settings/system/", settings.system.page, name="settings-system"),
    path("palette/", palette.palette, name="palette"),
    path("act/", acts.act, name="act"),
    path("act/ask/", acts.ask, name="act-ask"),
    path("act/bulk/<uuid:bulk_id>/", acts.progress, name="act-progress"),
    path("act/bulk/<uuid:bulk_id>/stop/", acts.stop_bulk, name="act-bulk-stop"),
    path("act/stop/", acts.stop_many, name="act-stop-many"),
    path("act/<int:action_id>/stop/", acts.stop, name="act-stop"),
    path("login/", login.login, name="login"),
    path("invitation/<str:text>/", invitations.accept, name="invitation"),
    path("logout/", login.logout, name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", prometheus.metrics, name="metrics"),
    path("api/v1/", api.urls),
    re_path(r"^api(?:/[\s\S]*)?\Z", no_such_call),
]
