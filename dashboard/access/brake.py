"""A brake on guessing passwords: tries are counted before the password is looked at, per user and address, and more
widely per address. A browser in which the person has signed in before has a counter of its own."""

import hashlib
import ipaddress
import logging
from dataclasses import dataclass
from typing import Final

import redis
from django.conf import settings
from django.http import HttpRequest

from dashboard.access import known_browsers
from dashboard.access.client_address import of_meta
from sandboxes.core import redis_client

TRIES: Final = 10  # of one user from one address, or in one known browser
TRIES_OF_ADDRESS: Final = 100  # from one address, whoever is tried
WINDOW_SECONDS: Final = 600
SUBNET_V6: Final = 64  # what one household or machine is given: the rest of such an address is its own choice
PREFIX: Final = "sandwarden:sign-in:"
log = logging.getLogger(__name__)


class TooManyTries(Exception):
    """No password is looked at: a right one could be the guess that hit."""


@dataclass(frozen=True)
class Tried:
    """What one try was counted under; `wide` is the address's own counter, empty in a known browser."""

    narrow: str
    wide: str = ""


def count(request: HttpRequest, username: str) -> Tried | None:
    """Counts a try, before its password is looked at; None without Redis, where nothing is counted.

    Raises TooManyTries past TRIES of this user from this address, past TRIES_OF_ADDRESS from it, or past TRIES in a
    browser that is known for this user: others' tries never lock that one out. The window runs from the first try.
    """
    tried = _keys(request, username)
    limits = [(tried.narrow, TRIES), *([(tried.wide, TRIES_OF_ADDRESS)] if tried.wide else [])]
    try:
        with redis_client.blocking() as counter, counter.pipeline() as pipe:
            for key, _most in limits:
                pipe.set(key, 0, ex=WINDOW_SECONDS, nx=True)
                pipe.incr(key)
            counts = pipe.execute()[1::2]
    except redis.RedisError as error:
        log.warning("passwords are not counted, Redis is away: %s", error)
        return None
    if any(number > most for number, (_key, most) in zip(counts, limits, strict=True)):
        raise TooManyTries
    return tried


def was_right(tried: Tried | None) -> None:
    """Takes the try back: the user's counter begins anew, the address's loses this one try and keeps the others."""
    if tried is None:
        return
    try:
        with redis_client.blocking() as counter, counter.pipeline() as pipe:
            pipe.delete(tried.narrow)
            if tried.wide:
                pipe.decr(tried.wide)
                pipe.expire(tried.wide, WINDOW_SECONDS, nx=True)
            pipe.execute()
    except redis.RedisError as error:
        log.warning("a right password could not be taken off the count: %s", error)


def _keys(request: HttpRequest, username: str) -> Tried:
    browser = known_browsers.of_user(request, username)
    if browser:
        return Tried(f"{PREFIX}browser:{browser}:{_hashed(username)}")
    address = _neighbourhood(of_meta(request.META, settings.TRUSTED_PROXIES))
    return Tried(f"{PREFIX}pair:{address}:{_hashed(username)}", f"{PREFIX}address:{address}")


def _hashed(username: str) -> str:
    """Of one length, whatever was sent; and no list of names in Redis."""
    return hashlib.sha256(username.encode(errors="replace")).hexdigest()[:32]


def _neighbourhood(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, SUBNET_V6), strict=False))
