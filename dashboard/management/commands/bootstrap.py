"""Makes what a first start needs: the admin, the first account, the token. Changes nothing that is there."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from dashboard.access.rights import SCOPES
from dashboard.models import ApiToken
from events import forgetting
from events.webhooks.registration import OVERLAP
from sandboxes.core.accounts import DEMO
from sandboxes.core.crypto import CryptoError
from sandboxes.e2b.urls import normalised
from sandboxes.models import Account
from sandboxes.models.fields import opened
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
            self.stdout.write(f"{ADMIN} password: {'as in SANDWARDEN_ADMIN_PASSWORD' if given else password}")
        elif given and not admin.check_password(given):
            admin.set_password(given)
            admin.save(update_fields=["password"])
            self.stdout.write(f"{ADMIN} password: as in SANDWARDEN_ADMIN_PASSWORD")

    def _token(self) -> None:
        """The environment's token is valid for as long as the environment names it."""
        digest = ApiToken.digest_of(settings.SANDWARDEN_API_TOKEN) if settings.SANDWARDEN_API_TOKEN else ""
        ApiToken.objects.filter(in_environment=True, revoked_at=None).exclude(digest=digest).update(
            revoked_at=timezone.now()
        )
        if not digest:
            return
        ApiToken.objects.bulk_create([ApiToken(name=AUTOMATION, digest=digest)], ignore_conflicts=True)
        every = {"digest": digest, "in_environment": True, "revoked_at": None, "scopes": sorted(SCOPES)}
        ApiToken.objects.filter(name=AUTOMATION).exclude(**every).update(
            **every, accounts=None, made_by=None, expires_at=None
        )

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
    Account.objects.bulk_create([Account(name=name, **defaults | values)], ignore_conflicts=True)
    account = Account.with_deleted.get(name=name)
    given: dict[str, Any] = {"deleted_at": None, "enabled": True} if account.deleted_at else {}
    given |= {key: value for key, value in values.items() if value != "" and _differs(account, key, value)}
    if settings.CONCURRENCY_CAP:
        given["cap"] = settings.CONCURRENCY_CAP
    if given.get("webhook_secret"):  # what is signed with the former one is still believed for a while
        former = {"previous_webhook_secret": opened(account, "webhook_secret") or ""}
        given |= former | {"previous_secret_until": timezone.now() + OVERLAP, "webhook_secret_at": timezone.now()}
    if "url" in given and not values["api_key"]:
        given["api_key"] = ""  # the key on record was given for another backend
    for key, value in given.items():
        setattr(account, key, value)
    if given:
        account.save(update_fields=list(given))


def _differs(account: Account, name: str, value: Any) -> bool:
    """A secret that can't be opened any more is another than the environment's."""
    try:
        return bool(getattr(account, name) != value)
    except CryptoError:
        return True
