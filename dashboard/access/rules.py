"""What each page and each call needs. One that stands in no table is refused to all but admins of every account."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dashboard.access.rights import Verb

R, L, A, W, S = Verb.READ, Verb.LEASE, Verb.ACT, Verb.ADMIN, Verb.SYSTEM
LOOKS: Final = ("GET", "HEAD", "OPTIONS")
EVERYBODY: Final = frozenset(
    {
        "login",
        "account_login",
        "mfa_authenticate",
        "openid_connect_login",
        "password-reset",
        "password-reset-link",
        "openid_connect_callback",
        "logout",
        "invitation",
        "healthz",
        "readyz",
        "metrics",
    }
)  # metrics reads a token itself

# Where somebody sets up the second factor that their role asks for; until then they get nowhere else.
SETTING_UP: Final = frozenset(
    {
        "settings-sign-in",
        "mfa_index",
        "mfa_list_webauthn",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "settings-password",
        "logout",
    }
)

# By name: what looking needs, and what sending needs; None: the page takes nothing but looks.
PAGES: Final[Mapping[str, tuple[Verb, Verb | None]]] = MappingProxyType(
    {
        "fleet": (R, None),
        "fleet-charts": (R, None),
        "fleet-groups": (R, None),
        "fleet-needs": (R, None),
        "fleet-past": (R, None),
        "fleet-past-around": (R, None),
        "fleet-past-hour": (R, None),
        "sandboxes": (R, None),
        "sandboxes-csv": (R, None),
        "sandboxes-json": (R, None),
        "sandboxes-facets": (R, None),
        "table-new": (R, None),
        "table-columns": (R, R),
        "views": (R, R),
        "view": (R, None),
        "view-change": (R, R),
        "sandbox": (R, None),
        "sandbox-parts": (R, None),
        "sandbox-siblings": (R, None),
        "sandbox-timeline": (R, None),
        "sandbox-logs": (R, None),
        "events": (R, None),
        "events-chart": (R, None),
        "events-new": (R, None),
        "events-csv": (R, None),
        "events-jsonl": (R, None),
        "deliveries": (R, None),  # their bodies need act: the page asks
        "deliveries-replay": (A, A),
        "delivery-replay": (A, A),
        "alerts": (R, None),
        "alert": (R, None),
        "alert-acknowledge": (A, A),
        "alert-history": (R, None),
        "alert-rules": (R, None),
        "alert-rule-new": (R, W),
        "alert-rule": (R, W),
        "alert-rule-preview": (R, R),
        "alert-rule-switch": (W, W),
        "alert-silences": (R, A),
        "alert-silence-end": (A, A),
        "cleanup": (R, None),
        "cleanup-reset": (W, W),
        "cleanup-approval": (A, A),  # of all accounts that are concerned: the view asks
        "cleanup-freeze": (A, A),  # lifting needs admin: the view asks
        "policy-new": (R, W),
        "policy": (R, W),
        "policy-preview-new": (R, R),
        "policy-preview": (R, R),
        "policy-enforce": (W, W),
        "policy-trust": (R, None),
        "policy-switch": (W, W),
        "alert-channels": (R, None),
        "alert-channel-add": (S, S),
        "alert-channel": (S, S),
        "alert-channel-test": (S, S),
        "alert-delivery-replay": (S, S),
        "limits": (R, None),
        "limit-new": (R, W),
        "limit": (R, W),
        "limit-unfolded": (R, None),
        "limit-delete": (W, W),
        "cost": (R, None),
        "cost-csv": (R, None),
        "cost-explained": (R, None),
        "cost-explained-csv": (R, None),
        "cost-habits": (R, None),
        "cost-habits-csv": (R, None),
        "cost-invoices": (W, W),
        "settings": (R, S),
        "settings-webhook": (S, S),
        "settings-accounts": (R, S),
        "settings-accounts-one": (S, S),
        "settings-account": (R, S),
        "settings-reset-brake": (W, W),
        "settings-account-retry": (W, W),
        "settings-account-key": (S, S),
        "settings-tokens": (R, R),  # of one's own, within one's own rights
        "settings-token-revoke": (R, R),
        "settings-sign-in": (R, None),  # of one's own
        "mfa_index": (R, None),
        "mfa_list_webauthn": (R, None),
        "settings-sign-in-rules": (S, S),
        "settings-provider-add": (S, S),
        "settings-provider": (S, S),
        "settings-connect": (R, R),
        "settings-disconnect": (R, R),
        "settings-session-end": (R, R),
        "mfa_activate_totp": (R, R),
        "mfa_deactivate_totp": (R, R),
        "mfa_add_webauthn": (R, R),
        "mfa_edit_webauthn": (R, R),
        "mfa_remove_webauthn": (R, R),
        "mfa_view_recovery_codes": (R, None),
        "mfa_generate_recovery_codes": (R, R),
        "settings-password": (R, R),  # one's own
        "settings-people": (S, S),
        "settings-person": (S, S),
        "settings-prices": (R, S),
        "settings-audit": (R, None),
        "settings-audit-csv": (R, None),
        "settings-system": (S, None),
        "palette": (R, None),
        "act": (A, A),
        "act-ask": (A, A),
        "act-progress": (R, None),
        "act-bulk-stop": (A, A),
        "act-stop": (A, A),
        "act-stop-many": (A, A),
    }
)

# By operation ID.
CALLS: Final[Mapping[str, Verb]] = MappingProxyType(
    {
        "get_me": R,
        "get_health": R,
        "list_sandboxes": R,
        "get_sandbox": R,
        "get_sandbox_metrics": R,
        "list_sandbox_events": R,
        "get_sandbox_logs": R,
        "list_events": R,
        "kill_sandbox": A,
        "pause_sandbox": A,
        "resume_sandbox": A,
        "set_sandbox_timeout": A,
        "extend_sandbox": A,
        "protect_sandbox": A,
        "unprotect_sandbox": A,
        "list_actions": R,
        "get_action": R,
        "cancel_action": A,
        "request_bulk_action": A,
        "get_bulk_action": R,
        "get_fleet": R,
        "get_fleet_metrics": R,
        "get_fleet_at": R,
        "get_cost": R,
        "explain_cost": R,
        "get_habits": R,
        "list_invoices": R,
        "enter_invoice": W,
        "delete_invoice": W,
        "list_limits": R,
        "get_limit": R,
        "get_limit_status": R,
        "create_limit": W,
        "update_limit": W,
        "delete_limit": W,
        "list_prices": R,
        "create_price": S,
        "list_accounts": R,
        "get_account": R,
        "create_account": S,
        "update_account": S,
        "delete_account": S,
        "test_account": S,
        "reset_account_brake": W,
        "list_policies": R,
        "get_policy": R,
        "trust_policy": R,
        "preview_policy": R,
        "create_policy": W,
        "update_policy": W,
        "delete_policy": W,
        "run_policy": W,
        "reset_policy": W,
        "list_alert_rules": R,
        "get_alert_rule": R,
        "preview_alert_rule": R,
        "create_alert_rule": W,
        "update_alert_rule": W,
        "delete_alert_rule": W,
        "list_alerts": R,
        "get_alert": R,
        "acknowledge_alert": A,
        "list_silences": R,
        "get_silence": R,
        "create_silence": A,
        "end_silence": A,
        "get_routes": R,
        "set_routes": S,
        "list_leases": R,
        "get_lease": R,
        "put_lease": L,
        "release_lease": L,
        "get_freeze": R,
        "set_freeze": A,  # lifting needs admin: the call asks
        "get_owner_callback": W,
        "set_owner_callback": W,
        "delete_owner_callback": W,
        "list_tokens": R,  # one's own, but for admins of every account
        "get_token": R,
        "create_token": R,
        "revoke_token": R,
        "list_users": S,
        "get_user": S,
        "create_user": S,
        "update_user": S,
        "deactivate_user": S,
        "list_sessions": R,  # one's own, but for admins of every account
        "end_session": R,
        "list_audit": R,
        "list_channels": R,
        "get_channel": R,
        "create_channel": S,
        "update_channel": S,
        "delete_channel": S,
        "test_channel": S,
        "list_channel_deliveries": R,  # of accounts of one's own
        "replay_channel_delivery": S,
        "list_approvals": R,
        "get_approval": R,
        "approve": A,  # of all accounts that are concerned: the call asks
        "reject": A,
    }
)


def of_page(name: str, method: str) -> Verb:
    """What a page needs, by the name of its address and the method of the request."""
    if name in EVERYBODY or name.startswith("api-v1:"):
        return Verb.READ
    looking, sending = PAGES.get(name, (Verb.SYSTEM, Verb.SYSTEM))
    return looking if method in LOOKS else sending or looking


def of_call(operation_id: str) -> Verb:
    """What a call of the API needs; the address of no call needs no more than looking."""
    return CALLS.get(operation_id, Verb.SYSTEM) if operation_id else Verb.READ
