"""A channel in the admin: what can be looked at, and neither its address nor its secret."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.support import channels
from tests.support.channels import SECRET

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mailbox", "static_files")]


def test_address_and_secret_of_a_channel_are_not_shown(client: Client) -> None:
    made = channels.channel("billing", "webhook", "https://hooks.example.com/zq-in", min_severity="critical")
    client.force_login(User.objects.create_superuser("anna", password="x"))
    for address in ("", f"{made.pk}/change/"):
        page = client.get(f"/admin/sandboxes/channel/{address}").content.decode()
        assert "hooks.example.com" in page
        assert "zq-in" not in page
        assert SECRET not in page
