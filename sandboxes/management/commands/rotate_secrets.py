"""`manage.py rotate_secrets`: re-encrypts every stored secret with the first key, so that the others can go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandboxes.core import crypto, secrets_at_rest


class Command(BaseCommand):
    help = (
        "Re-encrypts every stored key and secret with the first encryption key. Put the new key on top (first in "
        "ENCRYPTION_KEY, or the first line of the key file), restart, run this, then take the old keys away."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        """Exit code 1, and which, when some could not be opened; the others are done all the same."""
        try:
            done = secrets_at_rest.rotate_all()
        except crypto.BadKey as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{done.rotated} re-encrypted with the first key, {done.current} already used it.")
        if done.unreadable:
            raise CommandError(
                "These could not be opened: add the key that made them, or enter them again:\n  "
                + "\n  ".join(done.unreadable)
            )
        self.stdout.write("The other keys are no longer needed.")
