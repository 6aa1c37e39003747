"""`manage.py action_states`: the state machine of actions as a diagram and a table, as `docs/actions.md` has them."""

from typing import Any

from django.core.management.base import BaseCommand

from sandboxes.actions import machine


class Command(BaseCommand):
    """Prints Markdown."""

    help = "Print the state machine of actions as Markdown"

    def handle(self, *_: Any, **__: Any) -> None:
        """The diagram, then the table."""
        self.stdout.write(f"```mermaid\n{machine.diagram()}\n```\n\n{machine.table()}")
