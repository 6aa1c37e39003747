"""Why a backend could not be asked, in plain words, and what to do about it."""

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx
from django.utils.translation import gettext as _

from sandboxes.e2b import BadAnswer, E2BError, NotFound, RateLimited, Unauthorized, Unreachable, Unsupported

NO_ROUTE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH})


def of_name(host: str, error: Exception) -> str:
    """Why nothing was sent to `host`."""
    causes = list(_causes(error))
    if any(isinstance(one, socket.gaierror) for one in causes):
        return _("The name %(host)s doesn’t resolve. Check its spelling, and this server’s DNS") % {"host": host}
    if any(isinstance(one, OSError) for one in causes):
        return _("The name %(host)s could not be looked up: %(why)s") % {"host": host, "why": error}
    if "nothing is ever sent" in str(error):
        return _("Not permitted: %(why)s. Enter the backend’s own address") % {"why": error}
    return _("The name %(host)s could not be looked up in time. Check this server’s DNS") % {"host": host}


def of_call(url: str, error: E2BError, *, has_key: bool) -> tuple[str, str]:
    """Which check failed (`connect`, `certificate`, `key`, `api`), and why."""
    where = urlsplit(url).netloc
    if isinstance(error, Unreachable):
        return _unreachable(where, error)
    if isinstance(error, Unauthorized):
        return "key", _key(error, has_key=has_key)
    if isinstance(error, RateLimited):
        return "api", _("It asks for fewer requests (429). Wait a minute, then test again")
    if isinstance(error, NotFound | Unsupported) or error.status == 404:
        told = _("No E2B API at this path: %(url)s/v2/sandboxes answered %(status)s. Check the path of the address")
        return "api", told % {"url": url, "status": error.status or 404}
    if isinstance(error, BadAnswer):
        return "api", _bad(where, error)
    return "api", str(error)


def _unreachable(where: str, error: Unreachable) -> tuple[str, str]:
    causes = list(_causes(error))
    if certificate := next((one for one in causes if isinstance(one, ssl.SSLCertVerificationError)), None):
        told = _("The TLS certificate of %(where)s is not trusted: %(why)s. Install its CA on this server, or renew it")
        return "certificate", told % {"where": where, "why": certificate.verify_message or certificate}
    if any(isinstance(one, ssl.SSLError) for one in causes):
        told = _("%(where)s doesn’t speak TLS as expected. Check the port, or use http:// where there is no TLS")
        return "certificate", told % {"where": where}
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        told = _("%(where)s refused the connection: nothing listens on that port. Check host and port")
        return "connect", told % {"where": where}
    if any(isinstance(one, OSError) and one.errno in NO_ROUTE for one in causes):
        return "connect", _("No route to %(where)s. Check this server’s network and firewall") % {"where": where}
    if any(isinstance(one, httpx.ConnectTimeout) for one in causes):
        told = _("No connection to %(where)s in time. A firewall may drop the packets; check host and port")
        return "connect", told % {"where": where}
    if any(isinstance(one, httpx.TimeoutException | TimeoutError) for one in causes) or error.timed_out:
        return "connect", _("%(where)s didn’t answer in time. Test again; check the backend") % {"where": where}
    return "connect", _("The connection to %(where)s failed. Check host, port and network") % {"where": where}


def _key(error: Unauthorized, *, has_key: bool) -> str:
    if not has_key:
        return _("The backend requires an API key (%(status)s). Enter one") % {"status": error.status}
    if error.status == 403:
        return _("The API key is not allowed to list sandboxes (403). Use a key of the project, with that permission")
    return _("The API key was rejected (%(status)s). Copy it again from the dashboard, or create a new one") % {
        "status": error.status
    }


def _bad(where: str, error: BadAnswer) -> str:
    if "web page" in str(error):
        told = _("%(where)s sent a web page instead of JSON. Enter the API’s address, not the dashboard’s")
        return told % {"where": where}
    if error.status is not None and 300 <= error.status < 400:
        told = _("%(where)s redirects elsewhere (%(status)s). Enter the address that it leads to")
        return told % {"where": where, "status": error.status}
    told = _("%(where)s did not answer as an E2B API does. Check the address: %(why)s")
    return told % {"where": where, "why": error}


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it."""
    todo, seen = [error], set[int]()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [each for each in (one.__cause__, one.__context__) if each is not None]
        todo += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
