"""A person who is signed in, with the static files that pages name in place."""

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client


@pytest.fixture
def person(db: None, static_files: Path) -> Client:
    """A client signed in as `ada`, an operator of all accounts."""
    from dashboard.models import Member

    client, ada = Client(), get_user_model().objects.create_user("ada", password="long enough for a test")
    Member.objects.create(user=ada, role="operator")
    client.force_login(ada)
    return client


@pytest.fixture
def staff(person: Client) -> Client:
    """The same, as an admin of all accounts."""
    from dashboard.models import Member

    member = Member.objects.get(user__username="ada")
    member.role = "admin"
    member.save()
    return person
