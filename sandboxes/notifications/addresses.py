"""What each kind of channel needs: its address and secret checked, put in one form, and masked for showing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from sandboxes.base import masking, outbound
from sandboxes.notifications.senders import apprise, email, pagerduty, webhook

MOST_RECIPIENTS: Final = 20
LONGEST: Final = 2_000
LEAST_SECRET_PART: Final = 20  # a shorter part of an address may be an ordinary word
_is_url = URLValidator(schemes=["http", "https"])
_KEY: Final = re.compile(r"[A-Za-z0-9]{20,64}")


class BadChannel(ValueError):
    """A channel can't be as it was asked for; `field` says which part, the message why and what to do."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True)
class Address:
    """In one form, with what may be shown of it."""

    url: str
    destination: str


def checked(kind: str, url: str, *, private: bool) -> Address:
    """The address of a channel of `kind`; `private`: networks that are not public are allowed. Raises BadChannel."""
    if len(url) > LONGEST:
        raise BadChannel("url", f"it is longer than {LONGEST:,} characters")
    return _CHECKS[kind](url.strip(), private)


def check_secret(kind: str, secret: str) -> None:
    """Raises BadChannel for a secret that its kind can't use, has none of, or needs."""
    if kind == "webhook":
        try:
            webhook.key_of(secret)
        except ValueError as wrong:
            how = 'make one with: echo "whsec_$(openssl rand -base64 32)"'
            raise BadChannel("secret", f"{wrong}; {how}" if secret else f"a webhook needs one; {how}") from None
    elif kind == "pagerduty":
        if not _KEY.fullmatch(secret):
            raise BadChannel("secret", "an integration key of Events API v2 is needed: 32 letters and digits")
    elif secret:
        raise BadChannel("secret", "this kind has none: leave it out")


def learn(url: str, secret: str) -> None:
    """Has the secret parts of an address masked in whatever this process logs or shows."""
    masking.register(url, secret, secret.removeprefix(webhook.PREFIX))
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    found = [*parts.netloc.replace("@", ":").split(":"), *parts.path.split("/"), *dict(parse_qsl(parts.query)).values()]
    long_ones = [one for one in found if len(one) >= LEAST_SECRET_PART and "." not in one]
    masking.register(*long_ones, *(unquote(one) for one in long_ones))


def _mail(url: str, _private: bool) -> Address:
    found = list(dict.fromkeys(email.recipients(url)))
    if not found:
        raise BadChannel("url", "name whom it goes to: mailto:oncall@example.com, several with commas between them")
    if len(found) > MOST_RECIPIENTS:
        raise BadChannel("url", f"these are {len(found)} addresses, {MOST_RECIPIENTS} at most: use a mailing list")
    for number, one in enumerate(found, 1):
        try:
            validate_email(one)
        except ValidationError:
            raise BadChannel("url", f"number {number} is no mail address") from None
    masked = [f"{one[0]}…@{one.rpartition('@')[2]}" for one in found]
    more = f" and {len(masked) - 3} more" if len(masked) > 3 else ""
    return Address(email.SCHEME + ",".join(found), (", ".join(masked[:3]) + more)[:200])


def _web(url: str, private: bool) -> Address:
    try:
        _is_url(url)
    except ValidationError:
        raise BadChannel("url", "this is no http or https address") from None
    if wrong := outbound.wrong_with(url):
        raise BadChannel("url", wrong)
    parts = urlsplit(url)
    if not private:
        if parts.scheme != "https":
            raise BadChannel("url", "plain http is only taken where private addresses are allowed: use https")
        if _is_private(parts.hostname or ""):
            raise BadChannel("url", "this is a private address: they must be allowed for this channel")
    port = f":{parts.port}" if parts.port else ""
    return Address(url, f"{parts.hostname}{port}"[:200])


def _pagerduty(url: str, private: bool) -> Address:
    found = _web(url or pagerduty.SERVER, private)
    if urlsplit(found.url).path.strip("/"):
        raise BadChannel("url", f"name the server alone, such as {pagerduty.SERVER}; leave it out for that one")
    return found


def _apprise(url: str, _private: bool) -> Address:
    if wrong := apprise.wrong_with(url):
        raise BadChannel("url", wrong)
    return Address(url, f"{urlsplit(url).scheme}://{masking.MASK}")


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return outbound.is_private(ip_address(host))
    except ValueError:
        return False  # a name: it is checked where it is connected to


_CHECKS: Final[Mapping[str, Callable[[str, bool], Address]]] = {
    "email": _mail, "slack": _web, "webhook": _web, "pagerduty": _pagerduty, "apprise": _apprise,
}  # fmt: skip
