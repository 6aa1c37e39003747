"""An example of every call, as a line for a shell; the tests send each of them."""

import json
from typing import Any, Final
from urllib.parse import urlencode

IN_PATH: Final = {
    "sandbox_id": "i1a2b3c4d5e6f7g8h9j0", "policy_id": "1", "action_id": "1", "name": "default", "key": "run-9f",
    "bulk_id": "6f1c2f0e-3f5a-4c1f-9d3b-2a6f0c9e7b11", "token_id": "12", "user_id": "7", "approval_id": "4",
    "rule_id": "3", "alert_id": "8", "silence_id": "2",
    "session_id": "3f9b0c8e5d1a47f6a2c4e6b8d0f13579", "delivery_id": "31", "month": "2026-10",
}  # fmt: skip
QUERIES: Final[dict[str, dict[str, str]]] = {
    "list_sandboxes": {"idle_for": "1800", "environment": "staging", "order": "-cost_usd"},
    "list_events": {"type": "killed", "since": "2026-11-28T00:00:00Z"},
    "list_sandbox_events": {"type": "paused"},
    "get_sandbox_logs": {"level": "error", "limit": "100"},
    "get_sandbox_metrics": {"start": "2026-11-28T09:00:00Z", "end": "2026-11-28T10:00:00Z"},
    "list_alerts": {"state": "firing"},
    "list_actions": {"kind": "kill", "state": "failed"},
    "get_fleet_metrics": {"points": "60"},
    "get_fleet_at": {"t": "2026-11-28T02:13:00Z"},
    "get_cost": {"start": "2026-11-01T00:00:00Z", "end": "2026-11-28T00:00:00Z", "group_by": "owner", "bucket": "day"},
    "get_limit_status": {"over": "true"},
    "explain_cost": {"from": "2026-11-21T00:00:00Z", "to": "2026-11-28T00:00:00Z"},
    "get_habits": {"from": "2026-11-21T00:00:00Z"},
    "preview_policy": {"sweep": "older_than_seconds"},
}
_POLICY: Final = {
    "name": "old-staging",
    "match": {"metadata": {"env": "staging"}},
    "orphan_when": {"older_than_seconds": 86_400},
    "action": "kill",
    "grace_seconds": 600,
}
_CHANNEL: Final = {"name": "default", "kind": "email", "url": "mailto:oncall@example.com", "min_severity": "warning"}
_RULE: Final = {
    "name": "owners-over-100", "kind": "running", "above": 100, "for_seconds": 120, "group_by": ["owner"],
    "severity": "critical", "channels": ["oncall"],
}  # fmt: skip
_LIMIT: Final = {"name": "Each owner", "key": "owner", "value": "*", "max_running": 24, "usd_per_day": 40}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "create_alert_rule": _RULE,
    "update_alert_rule": _RULE | {"name": "owners-over-200", "above": 200},
    "preview_alert_rule": _RULE,
    "acknowledge_alert": {"note": "scaling down the nightly job"},
    "create_silence": {"match": {"owner": "team-agents"}, "until": "2026-12-01T18:00:00Z", "reason": "load test"},
    "set_routes": {
        "default": ["oncall"],
        "routes": [{"key": "owner", "match": "team-*", "channels": ["agents-slack"]}],
    },
    "kill_sandbox": {"reason": "stuck"},
    "pause_sandbox": {"reason": "idle overnight"},
    "resume_sandbox": {"seconds": 300},
    "set_sandbox_timeout": {"seconds": 600},
    "extend_sandbox": {"seconds": 600},
    "protect_sandbox": {"reason": "being debugged", "until": "2026-12-01T00:00:00Z"},
    "request_bulk_action": {"action": "kill", "filter": {"orphan": True}, "expected_count": 12, "reason": "cleanup"},
    "create_policy": _POLICY,
    "create_limit": _LIMIT,
    "update_limit": _LIMIT | {"name": "default", "usd_per_month": 900},
    "enter_invoice": {"usd": 1234.5},
    "update_policy": _POLICY | {"name": "old-dev", "enabled": True},
    "preview_policy": _POLICY,
    "put_lease": {"ttl_seconds": 300, "match": {"metadata": {"run": "9f"}}},
    "set_freeze": {"frozen": True, "reason": "incident"},
    "create_token": {"name": "ci-deploy", "scopes": ["read", "lease"], "expires_at": "2027-06-30T00:00:00Z"},
    "create_user": {"username": "grace", "email": "grace@example.com", "role": "operator"},
    "update_user": {"role": "viewer"},
    "create_account": {"name": "ci", "title": "CI runners", "url": "https://api.e2b.app", "api_key": "e2b_0123"},
    "create_price": {"account": "default", "usd_per_vcpu_second": 0.000012, "usd_per_gib_second": 0.000004},
    "test_account": {"url": "https://api.e2b.app", "api_key": "e2b_0123"},
    "update_account": {"actions": "people", "confirm": "default", "cap": 500},
    "create_channel": _CHANNEL,
    "update_channel": _CHANNEL | {"min_severity": "critical"},
    "set_owner_callback": {"url": "https://app.example.com/sandboxes/alive", "secret": "at least 16 letters long"},
}


def path_of(path: str) -> str:
    """The path with an example in the place of each `{parameter}`."""
    for name, value in IN_PATH.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def curl(method: str, path: str, operation: str, origin: str) -> str:
    """The call as curl sends it to `origin`, with a token in `$TOKEN`."""
    query = urlencode(QUERIES.get(operation, {}), safe=":")
    url = f"{origin}{path_of(path)}" + (f"?{query}" if query else "")
    parts = ['curl -H "Authorization: Bearer $TOKEN"']
    if method != "GET":
        parts.append(f"-X {method}")
    if operation in BODIES:
        parts.append("-H 'Content-Type: application/json' -d '" + json.dumps(BODIES[operation]) + "'")
    return " ".join([*parts, f"'{url}'"])
