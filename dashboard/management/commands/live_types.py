"""Writes the types of the live messages for the pages' scripts."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from dashboard.live import shapes, typescript

PLACE = Path("static/js/messages.d.ts")


def text() -> str:
    """What the file is to hold."""
    return typescript.declarations(shapes.MESSAGES, [shapes.Moment, shapes.Said])


class Command(BaseCommand):
    """`manage.py live_types`"""

    help = f"Writes {PLACE} from dashboard/live/shapes.py."
    requires_system_checks: list[str] = []

    def handle(self, **_: Any) -> None:
        """Writes it anew, whether or not it differs."""
        (settings.BASE_DIR / PLACE).write_text(text())
