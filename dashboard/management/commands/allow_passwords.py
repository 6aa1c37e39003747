"""Lets people sign in with passwords again, where single sign-on has failed."""

from typing import Any

from django.core.management.base import BaseCommand

from dashboard.models import SignInRules


class Command(BaseCommand):
    """For whoever has the server: it asks for nothing."""

    help = "Switches sign-in by password on again, after it was switched off in Settings → Sign-in."

    def handle(self, *_: Any, **__: Any) -> None:
        """Changes nothing where passwords are allowed."""
        SignInRules.objects.filter(pk=1).update(passwords_allowed=True)
        self.stdout.write("Passwords sign people in.")
