"""Makes what a first start needs: the admin, the first account, the token. Changes nothing that is there."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from dashboard.models import ApiToken
from events import forgetting
from events.webhooks.registration import OVERLAP
from sandboxes.accounts import DEMO
from sandboxes.e2b.urls import normalised
from sandboxes.models import Account
from sandboxes.policies import pairs

ADMIN = "admin"
AUTOMATION = "automation"


class Command(BaseCommand):
    """Run at every start, after the migrations."""

    help = "Makes the first admin, the first account and the automation token when they are missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """It takes none: all comes from the environment."""

    @transaction.atomic
    def handle(self, *_: Any, **__: Any) -> None:
        """Prints `admin password: …` when it made up one."""
        self._admin()
        self._token()
        self._account()
        self._demo()

    def _admin(self) -> None:
        users = get_user_model().objects
        given = settings.SANDWARDEN_ADMIN_PASSWORD
        admin = users.filter(username=ADMIN).first()
        if admin is None:
            password = given or secrets.token_urlsafe(12)
            users.create_superuser(ADMIN, "", password)
            if not given:
                self.stdout.write(f"admin password: {password}")
        elif given and not admin.check_password(given):
            admin.set_password(given)
            admin.save(update_fields=["password"])

    def _token(self) -> None:
        text = settings.SANDWARDEN_API_TOKEN
        if not text:
            return
        token, made = ApiToken.objects.get_or_create(name=AUTOMATION, defaults={"digest": ApiToken.digest_of(text)})
        if not made and token.digest != ApiToken.digest_of(text):
            token.digest = ApiToken.digest_of(text)
            token.save(update_fields=["digest"])

    def _account(self) -> None:
        """The account `default` of the environment's key; the environment's word wins over the record's."""
        if not settings.E2B_API_KEY and not settings.E2B_API_URL:
            return
        _put(
            "default",
            url=normalised(settings.E2B_API_URL) or f"https://api.{settings.E2B_DOMAIN}",
            api_key=settings.E2B_API_KEY,
            webhook_secret=settings.E2B_WEBHOOK_SECRET,
            webhook_secret_in_environment=bool(settings.E2B_WEBHOOK_SECRET),
        )

    def _demo(self) -> None:
        """The simulated fleet, which only the supervisor starts: a new one each time, so the former is set aside."""
        if settings.SIMULATOR_URL:
            former = Account.objects.filter(name=DEMO, simulated=True, health__isnull=False).first()
            if former:
                forgetting.set_aside(former)
            _put(
                DEMO,
                url=settings.SIMULATOR_URL,
                api_key=settings.SIMULATOR_KEY,
                webhook_secret=settings.SIMULATOR_WEBHOOK_SECRET,
                simulated=True,
            )


def _put(name: str, **values: Any) -> None:
    """Makes the account, or moves an existing one to the address and secrets that the environment gives."""
    try:
        pairs(settings.KEEP_METADATA)
    except ValueError as wrong:
        raise CommandError(f"KEEP_METADATA: {wrong}") from None
    defaults = {
        "actions": Account.Actions.POLICIES,
        "owner_keys": settings.OWNER_KEYS,
        "environment_keys": settings.ENVIRONMENT_KEYS,
        "keep_metadata": settings.KEEP_METADATA,
        "cap": settings.CONCURRENCY_CAP,
    }
    account, made = Account.objects.get_or_create(name=name, defaults=defaults | values)
    given = {key: value for key, value in values.items() if value != "" and getattr(account, key) != value}
    if settings.CONCURRENCY_CAP:
        given["cap"] = settings.CONCURRENCY_CAP
    if not made and given.get("webhook_secret"):  # what is signed with the former one is still believed for a while
        former = {"previous_webhook_secret": account.webhook_secret, "previous_secret_until": timezone.now() + OVERLAP}
        given |= former | {"webhook_secret_at": timezone.now()}
    if not made and given:
        for key, value in given.items():
            setattr(account, key, value)
        account.save(update_fields=list(given))
