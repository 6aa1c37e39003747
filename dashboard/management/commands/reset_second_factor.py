"""Lets in whoever lost their second factor: takes it away, and ends their sessions."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from dashboard.access import factors, people


class Command(BaseCommand):
    """For whoever has the server: it asks for nothing but the name."""

    help = "Removes a person's second factors and recovery codes and ends their sessions; their password signs them in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")

    def handle(self, *_: Any, name: str, **__: Any) -> None:
        """Raises CommandError for a name that nobody has."""
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"there is nobody named {name!r}")
        removed = factors.reset(user)
        for session, _held in people.sessions_of(user):
            session.delete()
        self.stdout.write(f"{name}: {removed} removed. The password alone signs in, until a second factor is added.")
