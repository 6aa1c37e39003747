"""How long alerts and silences are kept."""

from datetime import datetime, timedelta
from typing import Final

from sandboxes.models import Alert, Silence

KEPT: Final = timedelta(days=30)


def apply(now: datetime) -> int:
    """Deletes alerts and silences that ended 30 days ago; how many."""
    before = now - KEPT
    alerts, _ = Alert.objects.filter(resolved_at__lt=before).delete()
    silences, _ = Silence.objects.filter(until__lt=before).delete()
    return alerts + silences
