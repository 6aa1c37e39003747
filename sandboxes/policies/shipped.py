"""The two policies that ship: they judge from the first minute and, as dry runs, do nothing."""

from typing import Any

SHIPPED: tuple[dict[str, Any], ...] = (
    {
        "name": "Past its end by 10 minutes",
        "enabled": True,
        "mode": "dry_run",
        "match": {"accounts": [], "states": ["running"], "templates": [], "metadata": {}},
        "orphan_when": {"past_end_seconds": 600},
        "action": "kill",
        "quarantine_seconds": None,
        "grace_seconds": 600,
        "max_per_run": 50,
        "max_per_hour": 200,
        "max_fleet_fraction": 0.1,
        "quiet_hours": [],
    },
    {
        "name": "Running longer than 24 hours",
        "enabled": True,
        "mode": "dry_run",
        "match": {"accounts": [], "states": ["running"], "templates": [], "metadata": {}},
        "orphan_when": {"older_than_seconds": 86_400},
        "action": "kill",
        "quarantine_seconds": None,
        "grace_seconds": 600,
        "max_per_run": 50,
        "max_per_hour": 200,
        "max_fleet_fraction": 0.1,
        "quiet_hours": [],
    },
)
