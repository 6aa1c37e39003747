"""A brake on guessing passwords: after ten wrong ones from an address nobody signs in from it for ten minutes."""

import ipaddress
import logging
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from dashboard.access.client_address import of_meta
from sandboxes.core import redis_client

TRIES = 10
WINDOW_SECONDS = 600
SUBNET_V6 = 64  # what one household or machine is given: the rest of such an address is its own choice
log = logging.getLogger(__name__)


class Braked(ModelBackend):
    """Django's own backend behind the brake, for the pages and the admin alike. Without Redis it does not brake."""

    def get_user(self, user_id: int) -> User | None:
        """With their role: every request asks for both."""
        found = User.objects.select_related("member").filter(pk=user_id).first()
        return found if found is not None and self.user_can_authenticate(found) else None

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:  # type: ignore[override]
        """The user, None for a wrong pair.

        Raises PermissionDenied, and says so as `request.sign_in_braked`, after TRIES wrong ones from one address:
        a right one is then refused too, since it could be the guess that hit.
        """
        if request is None:
            return super().authenticate(request, **credentials)
        key = f"sandwarden:sign-in:{_neighbourhood(of_meta(request.META, settings.TRUSTED_PROXIES))}"
        try:
            with redis_client.blocking() as counter:
                if int(counter.get(key) or 0) >= TRIES:
                    request.sign_in_braked = True  # type: ignore[attr-defined]
                    raise PermissionDenied("too many wrong passwords from this address")
                found = super().authenticate(request, **credentials)
                _count(counter, key, right=found is not None)
        except redis.RedisError as error:
            log.warning("passwords are not counted, Redis is away: %s", error)
            return super().authenticate(request, **credentials)
        return found


def _count(counter: redis.Redis, key: str, *, right: bool) -> None:
    """The window runs from the first wrong one: who goes on guessing does not lock a whole office out for ever."""
    if right:
        counter.delete(key)
        return
    counter.set(key, 0, ex=WINDOW_SECONDS, nx=True)
    counter.incr(key)


def _neighbourhood(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, SUBNET_V6), strict=False))
