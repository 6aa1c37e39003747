"""OpenAPI tells the truth: it is valid, open, and names every call of the contract."""

import json
import re
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from dashboard.api.document import NameTaken, complete
from dashboard.api.params import Form

CALLS = """
GET /health · GET /sandboxes · GET /sandboxes/{sandbox_id} · GET /sandboxes/{sandbox_id}/metrics
GET /sandboxes/{sandbox_id}/events · GET /sandboxes/{sandbox_id}/logs · GET /events
POST /sandboxes/{sandbox_id}/kill · POST /sandboxes/{sandbox_id}/pause · POST /sandboxes/{sandbox_id}/resume
POST /sandboxes/{sandbox_id}/timeout · POST /sandboxes/{sandbox_id}/extend
POST /sandboxes/{sandbox_id}/protect · DELETE /sandboxes/{sandbox_id}/protect
POST /actions/bulk · GET /actions/bulk/{bulk_id} · GET /actions
GET /actions/{action_id} · POST /actions/{action_id}/cancel
GET /fleet · GET /fleet/metrics · GET /fleet/at · GET /cost
GET /audit · GET /approvals · GET /approvals/{approval_id} · POST /approvals/{approval_id}/approve
POST /approvals/{approval_id}/reject
GET /policies · POST /policies · GET /policies/{policy_id} · PUT /policies/{policy_id} · DELETE /policies/{policy_id}
POST /policies/preview · GET /policies/{policy_id}/trust · POST /policies/{policy_id}/run
POST /policies/{policy_id}/reset · POST /accounts/{name}/reset-brake
GET /accounts · POST /accounts · GET /accounts/{name} · PATCH /accounts/{name} · DELETE /accounts/{name}
POST /accounts/test · GET /prices · POST /prices
GET /limits · POST /limits · GET /limits/status · GET /limits/{name} · PUT /limits/{name} · DELETE /limits/{name}
GET /cost/explained · GET /cost/habits · GET /cost/invoices · PUT /cost/invoices/{name}/{month}
DELETE /cost/invoices/{name}/{month}
GET /leases · GET /leases/{key} · PUT /leases/{key} · DELETE /leases/{key} · GET /freeze · PUT /freeze
GET /owner-callback · PUT /owner-callback · DELETE /owner-callback
GET /channels · POST /channels · GET /channels/{name} · PUT /channels/{name} · DELETE /channels/{name}
POST /channels/{name}/test · GET /channels/{name}/deliveries · POST /channels/{name}/deliveries/{delivery_id}/replay
GET /alert-rules · POST /alert-rules · POST /alert-rules/preview · GET /alert-rules/{rule_id}
PUT /alert-rules/{rule_id} · DELETE /alert-rules/{rule_id}
GET /alerts · GET /alerts/{alert_id} · POST /alerts/{alert_id}/acknowledge
GET /silences · POST /silences · GET /silences/{silence_id} · DELETE /silences/{silence_id} · GET /routes · PUT /routes
GET /me · GET /tokens · POST /tokens · GET /tokens/{token_id} · DELETE /tokens/{token_id}
GET /users · POST /users · GET /users/{user_id} · PATCH /users/{user_id} · DELETE /users/{user_id}
GET /users/{user_id}/sessions · DELETE /users/{user_id}/sessions/{session_id}
"""

# What generated clients call methods and classes by: names are added here, never changed.
OPERATIONS = """
get_health list_sandboxes get_sandbox get_sandbox_metrics list_sandbox_events get_sandbox_logs list_events kill_sandbox
pause_sandbox resume_sandbox set_sandbox_timeout extend_sandbox protect_sandbox unprotect_sandbox request_bulk_action
get_bulk_action list_actions get_action cancel_action get_fleet get_fleet_metrics get_fleet_at get_cost list_policies
create_policy get_policy update_policy delete_policy preview_policy trust_policy run_policy reset_policy
reset_account_brake list_leases get_lease put_lease release_lease get_freeze set_freeze get_owner_callback
set_owner_callback delete_owner_callback list_audit list_approvals get_approval approve reject get_me list_tokens
create_token get_token revoke_token list_users
create_user
get_user update_user deactivate_user list_sessions end_session
list_alert_rules create_alert_rule preview_alert_rule get_alert_rule update_alert_rule delete_alert_rule
list_alerts get_alert acknowledge_alert list_silences create_silence get_silence end_silence get_routes set_routes
list_channels create_channel get_channel update_channel delete_channel test_channel list_channel_deliveries
replay_channel_delivery
list_accounts create_account get_account update_account delete_account test_account list_prices create_price
list_limits create_limit get_limit_status get_limit update_limit delete_limit
explain_cost get_habits list_invoices enter_invoice delete_invoice
"""
MODELS = """
AccountState ActionAccepted ActionBody ActionList ActionRow Actor BrakeState BulkAsked BulkBody BulkState
CallbackBody CallbackView EndedBy EventList EventRow FleetColumns FleetNow FleetThen FreezeBody FreezeRow
FreezeState Health LeaseAnswer LeaseBody LeaseList LeaseMatch LeaseRow LeaseState LifeSign LogLine Logs Namesake
Namesakes Orphan OrphanReason OrphanWhen PastHit PauseBody Policy PolicyBreaker PolicyList PolicyMatch PolicyPreview
PolicySpec PolicyStatus PolicyTrust PreviewBrake PreviewChange PreviewHistory PreviewHit PreviewHits PreviewHour
PreviewSpared PreviewTried Problem ProtectBody Protection QuietHours Reason ResumeBody Sandbox SandboxList
SandboxMetrics SandboxThen Spend SpendItem Spread TimeoutBody TrustItem Me Session SessionList Token TokenBody
TokenList TokenMade Approval ApprovalList AuditActor AuditList AuditRow AuditSubject User UserBody UserChange
UserInvited UserList
Acknowledgement Alert AlertHistory AlertList AlertNotification AlertPreview AlertRule AlertRuleList AlertRuleSpec
NewSilence NowBeyond PastEpisode Route Routes Silence SilenceList SilenceMatch
Channel ChannelBody ChannelDelivery ChannelDeliveryList ChannelList ChannelTested
AccountBody AccountChange AccountList AccountView BrakeLimits Capability
AccountTestBody AccountTested Check ListFilter
PriceBody PriceList PriceRow
LimitList LimitSpec LimitStatus LimitStatusList
Bill Explained Habit Habits Invoice InvoiceBody InvoiceList
"""
CLOSED = """
Sandbox.state SandboxThen.state EventRow.source ActionRow.kind ActionRow.state Actor.kind BulkBody.action
BulkState.action Orphan.state LeaseState.state Health.status Policy.mode Policy.action PolicySpec.mode
PolicySpec.action PolicyBreaker.state Me.kind UserBody.role AccountBody.actions AccountView.actions
Alert.severity Alert.state AlertNotification.state AlertRule.kind AlertRule.severity AlertRuleSpec.kind
AlertRuleSpec.severity
Channel.kind Channel.min_severity Channel.health ChannelBody.kind ChannelBody.min_severity ChannelDelivery.severity
ChannelDelivery.state
"""
HOURS = {"QuietHours.from", "QuietHours.to"}  # of a day
FIGURES = {"AlertRule.resolve_at", "AlertRuleSpec.resolve_at"}  # at which an alert is over
COLUMNS = {"FleetColumns.t", "SandboxMetrics.t"}  # Unix seconds


@pytest.fixture
def schema(db: None) -> Any:
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    return response.json()


def test_it_is_valid_openapi_3_1(schema: Any) -> None:
    assert schema["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(schema).validate()


def test_it_names_every_call(schema: Any) -> None:
    wanted = {tuple(call.split()) for line in CALLS.splitlines() for call in line.split(" · ") if call}
    paths = schema["paths"].items()
    told = {(verb.upper(), path.removeprefix("/api/v1")) for path, calls in paths for verb in calls}
    assert told == wanted


def test_answers_and_errors_are_described(schema: Any) -> None:
    for path, calls in schema["paths"].items():
        for method, call in calls.items():
            assert "default" in call["responses"], (method, path)
            good = [code for code in call["responses"] if str(code).startswith("2")]
            assert good == ["204"] or "content" in call["responses"][good[0]], (method, path)
    assert "key" not in schema["components"]["schemas"]["Sandbox"]["properties"]
    assert schema["components"]["schemas"]["Sandbox"]["properties"]["cost_usd"] == {"type": "number"}
    assert schema["components"]["schemas"]["FleetNow"]["properties"]["burn_usd_per_hour"] == {"type": "number"}


def test_operation_ids_are_stable_and_unique(schema: Any) -> None:
    named = Counter(call["operationId"] for calls in schema["paths"].values() for call in calls.values())
    assert max(named.values()) == 1
    assert set(named) == set(OPERATIONS.split())


def test_model_names_are_stable_and_usable_as_class_names(schema: Any) -> None:
    models = schema["components"]["schemas"]
    assert set(models) == set(MODELS.split())
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9]*", name) for name in models)
    used = set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(schema)))
    assert used == set(models)


def test_no_two_bodies_share_a_name(schema: Any) -> None:
    """ninja keeps the latter of two forms of one name, and says nothing."""
    ours = Counter(form.__name__ for form in _forms(Form) if form.__module__.startswith("dashboard."))
    assert [name for name in schema["components"]["schemas"] if ours[name] > 1] == []


def _forms(form: type[Form]) -> list[type[Form]]:
    return [inner for one in form.__subclasses__() for inner in (one, *_forms(one))]


def test_a_lease_is_taken_by_ids_or_metadata(schema: Any) -> None:
    models = schema["components"]["schemas"]
    assert models["LeaseBody"]["properties"]["match"] == {"$ref": "#/components/schemas/LeaseMatch"}
    assert set(models["LeaseMatch"]["properties"]) == {"ids", "metadata"}
    assert set(models["PolicyMatch"]["properties"]) == {"accounts", "states", "templates", "metadata"}


def test_a_name_that_two_models_want_is_refused() -> None:
    def document() -> dict[str, Any]:
        return {"paths": {}, "components": {"schemas": {"Match": {"type": "object"}}}}

    with pytest.raises(NameTaken, match="Match"):
        complete(document(), {"Match": {"type": "string"}})
    with pytest.raises(NameTaken, match="rules"):
        complete(document(), {"sandboxes.policies.rules.Reason": {}})


def test_closed_values_are_enums(schema: Any) -> None:
    for name in CLOSED.split():
        model, field = name.split(".")
        told = schema["components"]["schemas"][model]["properties"][field]
        assert told["enum"], name
        assert told["type"] == "string", name
    states = schema["components"]["schemas"]["Sandbox"]["properties"]["state"]["enum"]
    assert set(states) == {"running", "paused", "ended", "unknown"}


def test_times_are_date_times(schema: Any) -> None:
    named = re.compile(r".*_at|t|from|to|timestamp|stale_since|exact_t")
    for model, one in schema["components"]["schemas"].items():
        for field, told in one.get("properties", {}).items():
            if named.fullmatch(field) and f"{model}.{field}" not in HOURS | COLUMNS | FIGURES:
                assert "date-time" in json.dumps(told), f"{model}.{field}"


def test_a_body_that_may_be_left_out_is_one_model(schema: Any) -> None:
    kill = schema["paths"]["/api/v1/sandboxes/{sandbox_id}/kill"]["post"]["requestBody"]
    assert kill["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ActionBody"}
    assert not kill.get("required", False)


def test_every_post_takes_an_idempotency_key(schema: Any) -> None:
    for path, calls in schema["paths"].items():
        for method, call in calls.items():
            keys = [one for one in call["parameters"] if one["name"] == "Idempotency-Key"]
            assert len(keys) == (method == "post"), (method, path)
            assert all(one["in"] == "header" and not one["required"] for one in keys)


def test_the_docs_are_a_page_without_inline_scripts(settings: Any, db: None) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    page = Client().get("/api/v1/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "/sandboxes/{sandbox_id}/kill" in text
    assert "<script" not in text
    assert "style=" not in text


def test_calls_that_take_an_id_describe_several_backends_of_it(schema: Any) -> None:
    calls = [(path, call) for path, methods in schema["paths"].items() for call in methods.values()]
    told = {call["operationId"] for _, call in calls if "300" in call["responses"]}
    assert told == {call["operationId"] for path, call in calls if "{sandbox_id}" in path} | {"request_bulk_action"}
