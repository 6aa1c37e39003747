"""The addresses of the pages, REST, and what machines read."""

from functools import partial

from allauth.mfa.base.views import authenticate as second_factor
from django.urls import path, re_path

from dashboard import settings
from dashboard.access import again, invitations, openid, password_reset
from dashboard.access import views as login
from dashboard.actions import views as acts
from dashboard.alerts import channels, firing, rules, silences
from dashboard.api import api
from dashboard.api.mount import no_such_call
from dashboard.cleanup import policy, trust
from dashboard.cleanup import views as cleanup
from dashboard.cost import bills
from dashboard.cost import views as cost
from dashboard.events import deliveries
from dashboard.events import export as events_export
from dashboard.events import views as events
from dashboard.fleet import groups, past
from dashboard.fleet import views as fleet
from dashboard.limits import views as limits
from dashboard.palette import views as palette
from dashboard.sandbox import logs
from dashboard.sandbox import views as sandbox
from dashboard.sandboxes import export
from dashboard.sandboxes import saved_views as views
from dashboard.sandboxes import views as sandboxes
from dashboard.settings import second_factor as factor
from dashboard.system import health, prometheus

asked = again.asked
_own = partial(again.asked, looks=True)  # one's second factors: shown to nobody else either

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
    path("cleanup/approvals/<int:approval_id>/", cleanup.decide, name="cleanup-approval"),
    path("cleanup/freeze/", cleanup.freeze, name="cleanup-freeze"),
    path("cleanup/policies/new/", policy.edit, name="policy-new"),
    path("cleanup/policies/new/preview/", policy.preview, name="policy-preview-new"),
    path("cleanup/policies/<int:policy_id>/", policy.edit, name="policy"),
    path("cleanup/policies/<int:policy_id>/preview/", policy.preview, name="policy-preview"),
    path("cleanup/policies/<int:policy_id>/enforce/", policy.enforce, name="policy-enforce"),
    path("cleanup/policies/<int:policy_id>/trust/", trust.page, name="policy-trust"),
    path("cleanup/policies/<int:policy_id>/switch/", policy.switch, name="policy-switch"),
    path("alerts/", firing.page, name="alerts"),
    path("alerts/<int:alert_id>/", firing.page, name="alert"),
    path("alerts/<int:alert_id>/acknowledge/", firing.acknowledge, name="alert-acknowledge"),
    path("alerts/history/", firing.history, name="alert-history"),
    path("alerts/rules/", rules.page, name="alert-rules"),
    path("alerts/rules/new/", rules.new, name="alert-rule-new"),
    path("alerts/rules/preview/", rules.preview, name="alert-rule-preview"),
    path("alerts/rules/<int:rule_id>/", rules.rule, name="alert-rule"),
    path("alerts/rules/<int:rule_id>/switch/", rules.switch, name="alert-rule-switch"),
    path("alerts/silences/", silences.page, name="alert-silences"),
    path("alerts/silences/<int:silence_id>/end/", silences.end, name="alert-silence-end"),
    path("alerts/channels/", channels.page, name="alert-channels"),
    path("alerts/channels/add/", asked(channels.add), name="alert-channel-add"),
    path("alerts/channels/<int:channel_id>/", asked(channels.change), name="alert-channel"),
    path("alerts/channels/<int:channel_id>/test/", asked(channels.test), name="alert-channel-test"),
    path(
        "alerts/channels/<int:channel_id>/deliveries/<int:delivery_id>/replay/",
        asked(channels.replay),
        name="alert-delivery-replay",
    ),
    path("limits/", limits.limits, name="limits"),
    path("limits/new/", limits.edit, name="limit-new"),
    path("limits/<int:limit_id>/", limits.edit, name="limit"),
    path("limits/<int:limit_id>/unfolded/", limits.unfolded, name="limit-unfolded"),
    path("limits/<int:limit_id>/delete/", limits.delete, name="limit-delete"),
    path("cost/", cost.cost, name="cost"),
    path("cost/export.csv", cost.export, name="cost-csv"),
    path("cost/explained/", bills.explained, name="cost-explained"),
    path("cost/explained.csv", bills.explained_csv, name="cost-explained-csv"),
    path("cost/habits/", bills.habits_part, name="cost-habits"),
    path("cost/habits.csv", bills.habits_csv, name="cost-habits-csv"),
    path("cost/invoices/", bills.invoice, name="cost-invoices"),
    path("settings/", settings.webhook.page, name="settings"),
    path("settings/webhook/<slug:deed>/", asked(settings.webhook.do), name="settings-webhook"),
    path("settings/accounts/", asked(settings.accounts.page), name="settings-accounts"),
    path("settings/accounts/<slug:name>/", asked(settings.accounts.one), name="settings-accounts-one"),
    path("settings/account/", asked(settings.account.page), name="settings-account"),
    path("settings/account/reset-brake/", settings.account.reset_brake, name="settings-reset-brake"),
    path("settings/account/try/", settings.account.retry, name="settings-account-retry"),
    path("settings/account/key/", asked(settings.account.key), name="settings-account-key"),
    path("settings/people/", asked(settings.people.page), name="settings-people"),
    path("settings/people/<int:user_id>/", asked(settings.people.person), name="settings-person"),
    path("settings/tokens/", asked(settings.tokens.page), name="settings-tokens"),
    path("settings/tokens/<int:token_id>/revoke/", settings.tokens.revoke, name="settings-token-revoke"),
    path("settings/sign-in/", settings.sign_in.page, name="settings-sign-in"),
    path("settings/sign-in/", settings.sign_in.page, name="mfa_index"),  # as django-allauth calls it
    path("settings/sign-in/", settings.sign_in.page, name="mfa_list_webauthn"),
    path("settings/sign-in/rules/", asked(settings.sign_in.rules), name="settings-sign-in-rules"),
    path("settings/sign-in/providers/", asked(settings.providers.add), name="settings-provider-add"),
    path("settings/sign-in/providers/<slug:slug>/", asked(settings.providers.change), name="settings-provider"),
    path("settings/sign-in/connect/<slug:slug>/", asked(settings.providers.connect), name="settings-connect"),
    path("settings/sign-in/disconnect/<int:pk>/", asked(settings.providers.disconnect), name="settings-disconnect"),
    path("settings/sign-in/sessions/<str:session_id>/end/", settings.sign_in.end_session, name="settings-session-end"),
    path("settings/sign-in/app/", _own(factor.AddApp.as_view()), name="mfa_activate_totp"),
    path("settings/sign-in/app/remove/", _own(factor.RemoveApp.as_view()), name="mfa_deactivate_totp"),
    path("settings/sign-in/passkeys/add/", _own(factor.AddPasskey.as_view()), name="mfa_add_webauthn"),
    path("settings/sign-in/passkeys/<int:pk>/name/", _own(factor.RenamePasskey.as_view()), name="mfa_edit_webauthn"),
    path(
        "settings/sign-in/passkeys/<int:pk>/remove/", _own(factor.RemovePasskey.as_view()), name="mfa_remove_webauthn"
    ),
    path("settings/sign-in/codes/", _own(factor.ShowCodes.as_view()), name="mfa_view_recovery_codes"),
    path("settings/sign-in/codes/new/", _own(factor.NewCodes.as_view()), name="mfa_generate_recovery_codes"),
    path("settings/password/", settings.password.page, name="settings-password"),
    path("settings/prices/", settings.prices.page, name="settings-prices"),
    path("settings/audit/", settings.audit.page, name="settings-audit"),
    path("settings/audit/export.csv", settings.audit.export, name="settings-audit-csv"),
    path("settings/system/", settings.system.page, name="settings-system"),
    path("palette/", palette.palette, name="palette"),
    path("act/", acts.act, name="act"),
    path("act/ask/", acts.ask, name="act-ask"),
    path("act/bulk/<uuid:bulk_id>/", acts.progress, name="act-progress"),
    path("act/bulk/<uuid:bulk_id>/stop/", acts.stop_bulk, name="act-bulk-stop"),
    path("act/stop/", acts.stop_many, name="act-stop-many"),
    path("act/<int:action_id>/stop/", acts.stop, name="act-stop"),
    path("login/", login.login, name="login"),
    path("login/", login.login, name="account_login"),  # as django-allauth calls it
    path("login/second-factor/", second_factor, name="mfa_authenticate"),
    path("login/oidc/<str:provider_id>/", openid.login, name="openid_connect_login"),
    path("login/oidc/<str:provider_id>/callback/", openid.callback, name="openid_connect_callback"),
    path("password/reset/", password_reset.ask, name="password-reset"),
    path("password/reset/<str:key>/<str:token>/", password_reset.choose, name="password-reset-link"),
    path("invitation/<str:text>/", invitations.accept, name="invitation"),
    path("logout/", login.logout, name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", prometheus.metrics, name="metrics"),
    path("api/v1/", api.urls),
    re_path(r"^api(?:/[\s\S]*)?\Z", no_such_call),
]
