"""A person who is signed in, with the static files that pages name in place."""

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client


@pytest.fixture
def person(db: None, static_files: Path) -> Client:
    """A client signed in as `ada`."""
    client = Client()
    client.force_login(get_user_model().objects.create_user("ada", password="long enough for a test"))
    return client


@pytest.fixture
def staff(person: Client) -> Client:
    from django.contrib.auth import get_user_model

    get_user_model().objects.filter(username="ada").update(is_staff=True)
    return person
