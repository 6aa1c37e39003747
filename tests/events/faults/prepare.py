"""Run as a program: the tables of a new database, and the account `prod` whose deliveries are signed with SECRET."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from sandboxes.models import Account, AccountHealth  # noqa: E402
from tests.events.conftest import SECRET  # noqa: E402

call_command("migrate", verbosity=0)
account = Account.objects.create(name="prod", url="http://127.0.0.1:9/api", webhook_secret=SECRET)
AccountHealth.objects.create(account=account)
