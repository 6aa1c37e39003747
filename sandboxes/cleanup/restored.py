"""What a restored database may not take up where it stopped: hours may lie between the backup and its restore.

The statements run in the transaction that restores, so that no restored database is ever without them. Owners' leases
of the time between are lost, and so are people's protections: policies stand still until somebody lifts the freeze.
Nothing is sent again; what had been sent is verified at the backend and then settled.
"""

from datetime import UTC, datetime
from typing import Final

from sandboxes.cleanup import queries_restored

BY: Final = "restore"


def statements(made_at: str) -> str:
    """As a script; `made_at` is the backup's time in ISO 8601. Raises ValueError when it is none."""
    moment = f"{datetime.fromisoformat(made_at).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    freeze = queries_restored.FREEZE.format(by=BY, made_at=moment)
    return "".join(f"{one};\n" for one in (*queries_restored.EACH, freeze))
