"""`manage.py rotate_secrets`: puts every kept secret under the first encryption key, so that the others can go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandboxes import crypto, secrets_at_rest


class Command(BaseCommand):
    help = (
        "Encrypts every kept key and secret anew with the first encryption key. Put the new key on top (first in "
        "ENCRYPTION_KEY, or the first line of the key file), restart, run this, then take the old keys away."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        """Exit code 1, and which, when some could not be opened; the others are done all the same."""
        try:
            done = secrets_at_rest.rotate_all()
        except crypto.BadKey as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{done.rotated} put under the first key, {done.current} lay under it already.")
        if done.unreadable:
            raise CommandError(
                "These could not be opened: add the key that made them, or enter them again:\n  "
                + "\n  ".join(done.unreadable)
            )
        self.stdout.write("No other key is needed any more.")
