"""Where deliveries are sent to: which addresses can be registered, and which the backend will hardly reach."""

import ipaddress
from typing import Final
from urllib.parse import SplitResult, urlsplit

from sandboxes.base.outbound import is_forbidden

PATH: Final = "/webhooks/e2b/"
LONGEST: Final = 500
_LOCAL_NAMES: Final = (".local", ".internal", ".localhost", ".lan", ".home.arpa")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(ValueError):
    """What was typed is no address that a webhook can be sent to; the message says why."""


def path_of(account_name: str) -> str:
    """The receiver's path for an account."""
    return f"{PATH}{account_name}/"


def proposed(base: str, account_name: str) -> str:
    """The receiver's address under the base address `base`."""
    return base.rstrip("/") + path_of(account_name)


def checked(text: str) -> str:
    """The address as it is registered: scheme and host in lower case, no spaces around. Raises BadAddress."""
    text = text.strip()
    parts = _split(text)
    if len(text) > LONGEST or any(not sign.isprintable() or sign.isspace() for sign in text):
        raise BadAddress(f"The address must be printable, without spaces, and at most {LONGEST} characters long")
    if parts.username or parts.password or parts.fragment:
        raise BadAddress("The address must hold no name, no password and no #")
    number = ip_of(parts.hostname or "")
    if number and is_forbidden(number):
        raise BadAddress("No receiver can be at that address")
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), path=parts.path or "/").geturl()


def doubt(url: str, backend_url: str) -> str:
    """Why the backend may not reach `url`, or why others might read it; empty when nothing speaks against it.

    A backend on a private address of its own is taken to reach private addresses.
    """
    parts, backend = _split(url), _split(backend_url)
    host = parts.hostname or ""
    if is_private(host):
        if is_private(backend.hostname or ""):
            return ""
        return f"{host} is an address of this machine or network: {backend.hostname} can’t reach it from outside"
    return "" if parts.scheme.lower() == "https" else "Over plain http anybody on the way can read what is delivered"


def same(one: str, other: str) -> bool:
    """Whether both lead to the same receiver; a slash at the end makes no difference."""
    try:
        return checked(one).rstrip("/") == checked(other).rstrip("/")
    except BadAddress:
        return False


def is_private(host: str) -> bool:
    """Whether `host` is a loopback or private address, or a name that only a local network knows."""
    number = ip_of(host)
    if number:
        return not number.is_global
    name = host.lower().rstrip(".")
    return "." not in name or name.endswith(_LOCAL_NAMES)


def ip_of(host: str) -> Address | None:
    """The IP address that `host` spells; None for a name."""
    try:
        return ipaddress.ip_address(host.split("%", maxsplit=1)[0])
    except ValueError:
        return None


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        usable = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise BadAddress("The address must begin with https:// or http:// and name a host")
    return parts
